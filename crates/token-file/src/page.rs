//! All that is kept for a key but its lease, and how a commit, an intent or a logout changes it.

use token_core::store::{
    CommitCondition, Committed, Entry, Intent, Record, RecordId, RefreshFingerprint, StoreError,
    StoredState,
};
use token_core::{Generation, Secret, Timestamp, TokenKey};
use token_sealing::Sealing;

use crate::stamp::Stamp;

/// All that is kept for a key but its lease.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) record: Option<Kept>,
    pub(crate) intent: Option<(Intent, Stamp)>,
    pub(crate) tombstone: Option<Tombstone>,
}

/// What is known of the grant that a logout removed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tombstone {
    pub(crate) generation: Option<Generation>,
    pub(crate) initial: Option<RefreshFingerprint>,
}

/// A record as it lies in the file.
pub(crate) struct Kept {
    pub(crate) id: RecordId,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) grant_ends_at: Option<Timestamp>,
    pub(crate) initial: Option<RefreshFingerprint>,
    pub(crate) body: Body,
    pub(crate) committed: Stamp,
}

pub(crate) enum Body {
    Plain(Secret),
    Sealed(String),
}

impl Page {
    /// What the engine gets to see.
    pub(crate) fn entry(
        &self,
        key: &TokenKey,
        sealing: Option<&Sealing>,
    ) -> Result<Entry, StoreError> {
        let mut entry = Entry::default();
        if let Some(kept) = &self.record {
            entry.record = Some(kept.open(key, sealing)?);
            entry.record_age = kept.committed.age(&Stamp::now());
        }
        if let Some((intent, at)) = &self.intent {
            entry.intent = Some(intent.clone());
            entry.intent_age = at.age(&Stamp::now());
        }
        if let Some(tombstone) = self.tombstone {
            entry.tombstoned = true;
            entry.tombstoned_generation = tombstone.generation;
            entry.tombstoned_initial = tombstone.initial;
        }
        Ok(entry)
    }

    /// What a commit of this record comes to.
    pub(crate) fn judge(&self, condition: &CommitCondition, new: &RecordId) -> Committed {
        let stored = StoredState {
            record: self.record.as_ref().map(|kept| kept.id),
            intent: self.intent.as_ref().map(|(intent, _)| intent),
            tombstoned: self.tombstone.is_some(),
        };
        condition.judge(&stored, new)
    }

    /// The page with this record. A repetition makes the record no younger.
    pub(crate) fn with(self, mut kept: Kept) -> Self {
        if let Some(same) = self.record.filter(|stored| stored.id == kept.id) {
            kept.committed = same.committed;
        }
        Self {
            intent: self
                .intent
                .filter(|(intent, _)| !kept.id.supersedes(intent)),
            record: Some(kept),
            tombstone: None,
        }
    }

    /// What a logout leaves; a second one keeps what the first removed.
    pub(crate) fn tombstoned(&self) -> Self {
        let removed = self.record.as_ref().map(|kept| Tombstone {
            generation: Some(kept.id.generation),
            initial: kept.initial,
        });
        Self {
            tombstone: removed.or(self.tombstone).or(Some(Tombstone::default())),
            ..Self::default()
        }
    }
}

impl Kept {
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
            committed: Stamp::now(),
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
                "the record is sealed and no key was given; it is kept as it is",
            )),
            // Whoever can write the file could otherwise put a token of his own in place of a
            // sealed one.
            (Self::Plain(_), Some(_)) => Err(StoreError::new(
                "the record is not sealed though a key was given; it is kept as it is",
            )),
        }
    }
}
