//! Stores, which share tokens between processes and grant the lease to refresh them.
//!
//! A store only stores. The rules (which record is adopted, when a token may be spent, what a lost
//! race means) are implemented once, in the engine (`token-cache`).

mod arc;
mod condition;
mod due;
mod entry;
mod error;
mod password;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::token::generation::Generation;
use crate::token::key::TokenKey;
use crate::token::time::Timestamp;

pub use self::condition::{CommitCondition, Committed, StoredState};
pub use self::due::{Due, DueCursor, DuePage};
pub use self::entry::{Entry, Intent, Owner, Record, RecordId, RefreshFingerprint};
pub use self::error::StoreError;
pub use self::password::PasswordSource;

/// A store with one record per key, its intent and its lease.
///
/// An implementation
///
/// * *must* make [`commit`](Self::commit), [`write_intent`](Self::write_intent) and
///   [`tombstone`](Self::tombstone) durable before they return, and each of them one atomic step;
/// * *must* time leases by its own clock, never by the caller's, and grant a lease to one owner at
///   a time;
/// * *must* keep record, intent and tombstone independently of the lease: when a lease ends, none
///   of them is lost;
/// * *must not* delete or change a record because of an error;
/// * *must* distinguish a lease that is held by another owner ([`Acquired::Busy`]) from a failure
///   ([`StoreError`]);
/// * *must not* interpret or log [`Record::body`].
///
/// An `Arc` of a store is a store too: a program that learns from its configuration which store to
/// use keeps an `Arc<dyn TokenStore>`.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Reads what is stored for a key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read. A missing key is not an error: the entry is
    /// empty.
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError>;

    /// Acquires the lease for `life` unless another owner holds it. Returns what is stored for the
    /// key as of then, which saves a round trip. If the owner holds the lease already, it is
    /// renewed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store failed or the entry cannot be read. The lease *must not* be
    /// acquired then: otherwise a process with a wrong sealing key would keep it from all others.
    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError>;

    /// Extends the lease to `life` from now, if the owner still holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store failed. The lease may or may not be renewed.
    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError>;

    /// Releases the lease. Does nothing if another owner holds it by now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written; the lease then expires.
    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError>;

    /// Records that `intent.owner` is about to spend the token of `intent.fingerprint`, if that
    /// owner holds the lease. Replaces an older intent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the intent could not be made durable: the token must then not be spent.
    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError>;

    /// Removes the owner's intent, since nothing was spent or the outcome is known. Does nothing if
    /// the intent is another owner's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written. The intent then remains, and other processes
    /// wait for a while before they spend the token.
    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError>;

    /// Writes `record` if [`CommitCondition::judge`] returns [`Committed::Stored`], and clears the
    /// intent that the record [supersedes](RecordId::supersedes). No lease is needed: a late writer
    /// may have the only valid token.
    ///
    /// A store *must* decide exactly as [`CommitCondition::judge`] does, in the same atomic step as
    /// the write. A record that replaces a tombstone removes it. A commit of a record with the
    /// [identity](Record::id) of the stored one replaces its other fields, since it may say that
    /// the vendor refused the grant, and leaves [`Entry::record_age`] unchanged.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the record could not be made durable. The caller then repeats the commit
    /// until it is.
    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError>;

    /// Removes the record and the intent and leaves a tombstone, so that a late commit does not
    /// restore the grant. Returns the removed record, so that a logout can revoke it; `None` if
    /// there was none, or if it cannot be read (the tombstone is written nevertheless).
    ///
    /// The tombstone keeps the generation and the [initial fingerprint](Record::initial) of the
    /// removed record. A second tombstone keeps those of the first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the tombstone could not be made durable.
    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError>;

    /// Returns keys whose record is due for a refresh before this instant
    /// ([`due_at`](Record::due_at) is lower), so that a sweep can refresh grants that nobody asks
    /// for. The first page has `after: None`, each further one the [`next`](DuePage::next) of the
    /// page before it; the last one has none.
    ///
    /// A page has at most `limit` keys, ordered by due time and then by the bytes of the key. A key
    /// without a record, with a tombstone, or whose record has no due time, is never due. A key
    /// that is due throughout is on exactly one page, whatever is committed meanwhile. One that is
    /// refreshed moves to its new time, and may be missed or be on a second page.
    ///
    /// No record is opened, and no lease or sealing key is needed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read. Default: one that
    /// [`is_unsupported`](StoreError::is_unsupported), for stores that cannot list their keys.
    async fn due(
        &self,
        _before: Timestamp,
        _limit: usize,
        _after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        Err(StoreError::unsupported(
            "this store cannot list the tokens that are due for a refresh",
        ))
    }

    /// Returns the name of the store in metrics. Default: that of its type, such as `FileStore`.
    fn name(&self) -> &'static str {
        short_name(std::any::type_name::<Self>())
    }

    /// Returns whether committed records outlive the process. Default: `true`; a store in memory
    /// returns `false`.
    fn is_durable(&self) -> bool {
        true
    }

    /// Returns problems of a store that can be used nevertheless, for people to read and without
    /// secrets. The cache sends an event for each. Default: none.
    async fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Waits until the entry of the key may have changed since `seen`, for at most `at_most`: a
    /// hint that saves polling, which may return too early. Returns the entry if the store had to
    /// read it anyway; `None` means nothing.
    ///
    /// While another owner holds the lease, the wait also ends soon after the
    /// [release](Self::release) of that lease: the owner may have failed, so that no commit
    /// follows. If yet another owner has acquired the lease by then, the wait may go on.
    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry>;
}

/// Returns the last name in the path of a type, without generics: `FileStore`. It is asked for
/// with each operation, and a search for a character is quicker than one for a text.
fn short_name(path: &'static str) -> &'static str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit(':').next().unwrap_or(path)
}

/// The result of [`TokenStore::acquire`], with what is stored for the key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Acquired {
    /// The caller holds the lease, and this entry was read under it.
    Held(Entry),
    /// Another owner holds the lease, for at most `left` unless renewed.
    Busy {
        /// The remaining time of that lease, by the store's clock.
        left: Duration,
        /// The entry, before a commit that the other owner may make.
        entry: Entry,
    },
}

impl Acquired {
    /// Returns whether the caller holds the lease.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }
}

/// The result of [`TokenStore::renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewed {
    /// The lease was renewed.
    Held,
    /// The lease had expired, or another owner holds it.
    Lost,
}

/// The result of [`TokenStore::write_intent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intended {
    /// The intent is durable: the token may be spent.
    Written,
    /// The caller no longer holds the lease: the token must not be spent.
    LeaseLost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_store_is_that_of_its_type_alone() {
        let names = [
            ("FileStore", "FileStore"),
            ("token_file::FileStore", "FileStore"),
            ("trials::Faulty<token_file::FileStore, 3>", "Faulty"),
            ("", ""),
        ];
        for (path, name) in names {
            assert_eq!(short_name(path), name);
        }
    }
}
