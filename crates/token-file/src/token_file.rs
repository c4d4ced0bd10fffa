//! The contents of a token file, and how a commit, an intent or a logout changes them.

use token_core::store::{
    CommitCondition, Committed, Entry, Intent, Record, RecordId, RefreshFingerprint, StoreError,
    StoredState,
};
use token_core::{Generation, Secret, Timestamp, TokenKey};
use token_sealing::Sealing;

use crate::boot_instant::BootInstant;

/// Everything that is stored for a key except its lease.
#[derive(Default)]
pub(crate) struct TokenFile {
    pub(crate) record: Option<StoredRecord>,
    pub(crate) intent: Option<(Intent, BootInstant)>,
    pub(crate) tombstone: Option<Tombstone>,
}

/// What is stored of the grant that a logout removed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tombstone {
    pub(crate) generation: Option<Generation>,
    pub(crate) initial: Option<RefreshFingerprint>,
}

/// A record as stored in the file.
pub(crate) struct StoredRecord {
    pub(crate) id: RecordId,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) grant_ends_at: Option<Timestamp>,
    pub(crate) initial: Option<RefreshFingerprint>,
    pub(crate) body: Body,
    pub(crate) committed: BootInstant,
}

pub(crate) enum Body {
    Plain(Secret),
    Sealed(String),
}

impl TokenFile {
    /// Returns the entry for callers of the store.
    pub(crate) fn entry(
        &self,
        key: &TokenKey,
        sealing: Option<&Sealing>,
    ) -> Result<Entry, StoreError> {
        let mut entry = Entry::default();
        if let Some(stored) = &self.record {
            entry.record = Some(stored.open(key, sealing)?);
            entry.record_age = stored.committed.age(&BootInstant::now());
        }
        if let Some((intent, at)) = &self.intent {
            entry.intent = Some(intent.clone());
            entry.intent_age = at.age(&BootInstant::now());
        }
        if let Some(tombstone) = self.tombstone {
            entry.tombstoned = true;
            entry.tombstoned_generation = tombstone.generation;
            entry.tombstoned_initial = tombstone.initial;
        }
        Ok(entry)
    }

    /// Returns the result of a commit of this record.
    pub(crate) fn judge(&self, condition: &CommitCondition, new: &RecordId) -> Committed {
        let stored = StoredState {
            record: self.record.as_ref().map(|stored| stored.id),
            intent: self.intent.as_ref().map(|(intent, _)| intent),
            tombstoned: self.tombstone.is_some(),
        };
        condition.judge(&stored, new)
    }

    /// Returns the contents with this record. A repeated commit does not reset its age.
    pub(crate) fn with(self, mut new: StoredRecord) -> Self {
        if let Some(same) = self.record.filter(|stored| stored.id == new.id) {
            new.committed = same.committed;
        }
        Self {
            intent: self.intent.filter(|(intent, _)| !new.id.supersedes(intent)),
            record: Some(new),
            tombstone: None,
        }
    }

    /// Returns the contents after a logout; a second logout keeps the tombstone of the first.
    pub(crate) fn tombstoned(&self) -> Self {
        let removed = self.record.as_ref().map(|stored| Tombstone {
            generation: Some(stored.id.generation),
            initial: stored.initial,
        });
        Self {
            tombstone: removed.or(self.tombstone).or(Some(Tombstone::default())),
            ..Self::default()
        }
    }
}

impl StoredRecord {
    pub(crate) fn of(
        key: &TokenKey,
        record: &Record,
        sealing: Option<&Sealing>,
    ) -> Result<Self, StoreError> {
        let body = match sealing {
            Some(sealing) => Body::Sealed(sealing.seal(key, record)?),
            None => Body::Plain(record.body.clone()),
        };
        Ok(Self {
            id: record.id(),
            due_at: record.due_at,
            grant_ends_at: record.grant_ends_at,
            initial: record.initial,
            body,
            committed: BootInstant::now(),
        })
    }

    fn open(&self, key: &TokenKey, sealing: Option<&Sealing>) -> Result<Record, StoreError> {
        let RecordId {
            fingerprint,
            generation,
        } = self.id;
        let body = self.body.open(key, self.id, sealing)?;
        Ok(Record {
            due_at: self.due_at,
            grant_ends_at: self.grant_ends_at,
            initial: self.initial,
            ..Record::new(fingerprint, generation, body)
        })
    }
}

impl Body {
    fn open(
        &self,
        key: &TokenKey,
        id: RecordId,
        sealing: Option<&Sealing>,
    ) -> Result<Secret, StoreError> {
        match (self, sealing) {
            (Self::Sealed(text), Some(sealing)) => {
                sealing.open(key, id.fingerprint, id.generation, text)
            }
            (Self::Plain(body), None) => Ok(body.clone()),
            (Self::Sealed(_), None) => Err(StoreError::new(
                "the record is sealed but no key was given; it is left unchanged",
            )),
            // Otherwise, a process that can write the file could replace a sealed token by its own.
            (Self::Plain(_), Some(_)) => Err(StoreError::new(
                "the record is not sealed although a key was given; it is left unchanged",
            )),
        }
    }
}
