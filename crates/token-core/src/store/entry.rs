//! The entry of a key: its record, intent and tombstone.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::token::generation::Generation;
use crate::token::secret::Secret;
use crate::token::time::Timestamp;

/// What a store keeps for a key, except its lease.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Entry {
    /// The current record.
    pub record: Option<Record>,
    /// How long ago, by the store's clock, that record was first committed. Processes whose clocks
    /// differ therefore agree on its remaining life.
    pub record_age: Duration,
    /// The intent of the owner that is about to spend the record's token, or that died while doing
    /// so.
    pub intent: Option<Intent>,
    /// How long ago, by the store's clock, that intent was written.
    pub intent_age: Duration,
    /// Whether a logout left a tombstone here.
    pub tombstoned: bool,
    /// The generation that the logout removed; `None` without a tombstone, or if there was no
    /// record. A new login continues from it, so that a process that missed both does not take the
    /// new grant for an ancestor of the old one.
    pub tombstoned_generation: Option<Generation>,
    /// The [initial fingerprint](Record::initial) of the record that the logout removed.
    pub tombstoned_initial: Option<RefreshFingerprint>,
}

impl Entry {
    /// Returns the generation of the stored record.
    pub fn generation(&self) -> Option<Generation> {
        self.record.as_ref().map(|record| record.generation)
    }
}

/// One stored token.
#[derive(Clone)]
pub struct Record {
    /// A keyed hash of the credential that refreshes the token.
    pub fingerprint: RefreshFingerprint,
    /// The generation of the token.
    pub generation: Generation,
    /// The token, serialized by the engine. A store that others can read encrypts it first.
    pub body: Secret,
    /// When the token is due for a refresh, by the wall clock of the writer;
    /// [`Due::OF_REFUSED`](super::Due::OF_REFUSED) if the vendor refused the grant. Stored in plain
    /// text, so that a sweep can find it.
    pub due_at: Option<Timestamp>,
    /// When the grant expires for good, by the wall clock of the writer. Stored in plain text.
    pub grant_ends_at: Option<Timestamp>,
    /// The keyed hash of the initial token that was configured when this grant began, so that the
    /// same one is not tried again.
    pub initial: Option<RefreshFingerprint>,
}

impl Record {
    /// Creates a record without the optional fields.
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

    /// Returns what a commit compares.
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

/// A keyed hash of a refresh token, which shows whether two are the same and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshFingerprint(pub [u8; 32]);

impl fmt::Debug for RefreshFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshFingerprint(…)")
    }
}

/// A random name of a lease owner, never reused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// Creates an owner from 16 random bytes, named in hexadecimal.
    pub fn new(random: [u8; 16]) -> Self {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
        let mut name = [0; 32];
        for (digits, byte) in name.chunks_exact_mut(2).zip(random) {
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        Self(str::from_utf8(&name).unwrap_or_default().into())
    }

    /// Creates an owner from its name, as [`as_str`](Self::as_str) returns it.
    pub fn named(name: impl Into<String>) -> Self {
        Self(Arc::from(name.into()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The statement that an owner is about to spend a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The owner that spends the token.
    pub owner: Owner,
    /// The keyed hash of the refresh token that is spent; `None` for a login, which spends none.
    pub fingerprint: Option<RefreshFingerprint>,
    /// The generation of that token; for a login, the newest one known. If a vendor does not rotate
    /// its refresh token, the fingerprint alone does not distinguish a record from its successor.
    pub generation: Generation,
}

/// The identity of a record, which commits compare: its fingerprint and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordId {
    /// The keyed hash of the refresh token.
    pub fingerprint: RefreshFingerprint,
    /// The generation.
    pub generation: Generation,
}

impl RecordId {
    /// Returns whether a commit of this record clears the intent, since its outcome is now known.
    /// An intent to spend this record or a later one belongs to another exchange and remains.
    pub fn supersedes(&self, intent: &Intent) -> bool {
        intent.generation < self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_named_in_hexadecimal() {
        let random = [
            0, 1, 9, 10, 15, 16, 0x7F, 0x80, 0xA9, 0xFF, 0, 0, 0, 0, 0, 0x5A,
        ];
        let name = "0001090a0f107f80a9ff00000000005a";
        assert_eq!(Owner::new(random).as_str(), name);
    }
}
