//! What a commit may replace: the one rule of every store.

use super::entry::{Entry, Intent, Owner, Record, RecordId, RefreshFingerprint};

/// Which stored record a commit may replace.
///
/// ```
/// use token_core::Generation;
/// use token_core::store::{CommitCondition, Committed, RefreshFingerprint, RecordId, StoredState};
///
/// let id = |fingerprint: u8, number| RecordId { fingerprint: RefreshFingerprint([fingerprint; 32]), generation: Generation::new(number) };
/// let stored = StoredState { record: Some(id(1, 7)), ..StoredState::default() };
/// let child_of = |fingerprint: u8| CommitCondition::ParentIs(RefreshFingerprint([fingerprint; 32]));
///
/// assert_eq!(child_of(1).judge(&stored, &id(2, 8)), Committed::Stored);
/// assert_eq!(child_of(9).judge(&stored, &id(2, 8)), Committed::Lost);
/// assert_eq!(child_of(1).judge(&stored, &id(1, 6)), Committed::Lost, "older than what is stored");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitCondition {
    /// Only the record with this fingerprint, and only by a higher generation: the token that was
    /// spent.
    ParentIs(RefreshFingerprint),
    /// Whatever is there, a tombstone too.
    Overwrite,
    /// An older record, or an empty place, but never a tombstone: a repair, a program's initial
    /// token.
    UnlessTombstoned,
    /// Whatever is there, a tombstone too, while the intent that this owner wrote before its login
    /// still stands. Once it does not, somebody logged in or out since: the same as
    /// [`UnlessTombstoned`](Self::UnlessTombstoned).
    LoginIntentOf(Owner),
}

/// The answer to [`TokenStore::commit`](super::TokenStore::commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Committed {
    /// The record is durable.
    Stored,
    /// The stored record is not the parent: it is newer, a sibling, or an older one. Load it and
    /// compare generations. Keep this one as a spare if it is not written after all.
    Lost,
    /// A tombstone is there: the grant was logged out meanwhile.
    Tombstoned,
    /// Nothing is stored for the key though something should be: the store lost it (an eviction, an
    /// empty restart).
    Missing,
}

/// What is stored for a key when a commit arrives.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoredState<'a> {
    /// The current record.
    pub record: Option<RecordId>,
    /// The intent that stands.
    pub intent: Option<&'a Intent>,
    /// Whether a tombstone is there.
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
