//! What a store keeps for one key.

use std::fmt;
use std::time::Duration;

use crate::token::Generation;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// All that a store keeps for one key.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Entry {
    /// The current record.
    pub record: Option<Record>,
    /// How long ago, by the store's clock, that record was first committed: holders whose clocks
    /// disagree still agree on its life.
    pub record_age: Duration,
    /// Who is about to spend the record's token, or died while doing so.
    pub intent: Option<Intent>,
    /// How long ago, by the store's clock, that intent was written.
    pub intent_age: Duration,
    /// Whether a logout left a tombstone here.
    pub tombstoned: bool,
    /// The generation that the logout removed; `None` without a tombstone, or if there was no
    /// record. A new login continues after it, so that a holder that missed both does not take the
    /// new grant for an ancestor of the old one.
    pub tombstoned_generation: Option<Generation>,
    /// The [initial fingerprint](Record::initial) of the record that the logout removed.
    pub tombstoned_initial: Option<RefreshFingerprint>,
}

impl Entry {
    /// Which token of its lineage is stored.
    pub fn generation(&self) -> Option<Generation> {
        self.record.as_ref().map(|record| record.generation)
    }
}

/// One stored token.
#[derive(Clone)]
pub struct Record {
    /// A keyed hash of what this token is refreshed with.
    pub fingerprint: RefreshFingerprint,
    /// Which token of its lineage it is.
    pub generation: Generation,
    /// The token itself, written by the engine. A store that others can read seals it before it
    /// keeps it.
    pub body: Secret,
    /// When the token is due for a refresh, by the wall clock of the writer; kept in plain text, so
    /// that a sweep can find it.
    pub due_at: Option<Timestamp>,
    /// When the grant ends for good, by the wall clock of the writer; kept in plain text.
    pub grant_ends_at: Option<Timestamp>,
    /// The keyed hash of the initial token that the program was configured with when this family
    /// began, so that the same one is not tried again.
    pub initial: Option<RefreshFingerprint>,
}

impl Record {
    /// A record with nothing but what every record has.
    pub fn new(fingerprint: RefreshFingerprint, generation: Generation, body: Secret) -> Self {
        Self {
            fingerprint,
            generation,
            body,
            due_at: None,
            grant_ends_at: None,
            initial: None,
        }
    }

    /// What a commit compares.
    pub fn id(&self) -> RecordId {
        RecordId {
            fingerprint: self.fingerprint,
            generation: self.generation,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record(generation {})", self.generation)
    }
}

/// A keyed hash of a refresh token: tells whether two are the same, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshFingerprint(pub [u8; 32]);

impl fmt::Debug for RefreshFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshFingerprint(…)")
    }
}

/// A random name for one holder of leases, never used again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(String);

impl Owner {
    /// An owner named by sixteen random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// An owner by its name, as a store wrote it.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// "I am about to spend this token."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Who.
    pub owner: Owner,
    /// Which token, by the keyed hash of its refresh token; `None` for a login, which spends none.
    pub fingerprint: Option<RefreshFingerprint>,
    /// The generation of that token; for a login, the newest one known. Where a vendor keeps its
    /// refresh token, the fingerprint alone does not tell parent and child apart.
    pub generation: Generation,
}

/// What a commit compares: all of a record but its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordId {
    /// The keyed hash of its refresh token.
    pub fingerprint: RefreshFingerprint,
    /// Its generation.
    pub generation: Generation,
}

impl RecordId {
    /// Whether a commit of this record clears the intent: its outcome is known now. An intent to
    /// spend this very record, or a later one, is another flight's and stays.
    pub fn supersedes(&self, intent: &Intent) -> bool {
        intent.generation < self.generation
    }
}
