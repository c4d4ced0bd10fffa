//! The rule for what a commit may replace, which is the same for every store.

use super::entry::{Entry, Intent, Owner, Record, RecordId, RefreshFingerprint};

/// Which stored record a commit may replace.
///
/// ```
/// use token_core::Generation;
/// use token_core::store::{CommitCondition, Committed, RefreshFingerprint, RecordId, StoredState};
///
/// let fingerprint = |byte: u8| RefreshFingerprint([byte; 32]);
/// let id = |byte, number| RecordId {
///     fingerprint: fingerprint(byte),
///     generation: Generation::new(number),
/// };
/// let stored = StoredState { record: Some(id(1, 7)), ..StoredState::default() };
/// let child_of = |byte| CommitCondition::ParentIs(fingerprint(byte));
///
/// assert_eq!(child_of(1).judge(&stored, &id(2, 8)), Committed::Stored);
/// assert_eq!(child_of(9).judge(&stored, &id(2, 8)), Committed::Lost);
/// assert_eq!(child_of(1).judge(&stored, &id(1, 6)), Committed::Lost, "older than what is stored");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitCondition {
    /// Only the record with this fingerprint, which is that of the spent token, and only by a
    /// higher generation.
    ParentIs(RefreshFingerprint),
    /// Whatever is stored, including a tombstone.
    Overwrite,
    /// An older record, or nothing, but never a tombstone: for a repair and for the initial token
    /// of a configuration.
    UnlessTombstoned,
    /// Whatever is stored, including a tombstone, as long as the intent that this owner wrote
    /// before its login is stored. Otherwise there was another login or a logout since, and the
    /// condition is [`UnlessTombstoned`](Self::UnlessTombstoned).
    LoginIntentOf(Owner),
}

/// The result of [`TokenStore::commit`](super::TokenStore::commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Committed {
    /// The record is durable.
    Stored,
    /// The stored record is not the parent: it is newer, a sibling, or an older one. Load it and
    /// compare generations. If this record is not stored after all, keep it as a spare.
    Lost,
    /// There is a tombstone: the grant was logged out meanwhile.
    Tombstoned,
    /// Nothing is stored for the key although a record was expected: the store lost it, such as by
    /// an eviction or a restart without its data.
    Missing,
}

/// What is stored for a key when a commit arrives.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoredState<'a> {
    /// The current record.
    pub record: Option<RecordId>,
    /// The current intent.
    pub intent: Option<&'a Intent>,
    /// Whether there is a tombstone.
    pub tombstoned: bool,
}

impl<'a> From<&'a Entry> for StoredState<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            record: entry.record.as_ref().map(Record::id),
            intent: entry.intent.as_ref(),
            tombstoned: entry.tombstoned,
        }
    }
}

impl CommitCondition {
    /// Returns the result of a commit of `new`. Every store *must* decide like this.
    pub fn judge(&self, stored: &StoredState<'_>, new: &RecordId) -> Committed {
        if self.overwrites(stored) {
            return Committed::Stored;
        }
        if stored.tombstoned {
            return Committed::Tombstoned;
        }
        match (&stored.record, self) {
            (Some(record), _) if record == new => Committed::Stored,
            (Some(record), _) if record.generation >= new.generation => Committed::Lost,
            (Some(record), Self::ParentIs(parent)) if record.fingerprint != *parent => {
                Committed::Lost
            }
            (None, Self::ParentIs(_)) => Committed::Missing,
            _ => Committed::Stored,
        }
    }

    fn overwrites(&self, stored: &StoredState<'_>) -> bool {
        match self {
            Self::Overwrite => true,
            Self::LoginIntentOf(owner) => {
                stored.intent.is_some_and(|intent| intent.owner == *owner)
            }
            Self::ParentIs(_) | Self::UnlessTombstoned => false,
        }
    }
}
