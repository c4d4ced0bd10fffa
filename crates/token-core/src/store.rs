//! Where a token lives between processes, and the right to spend its refresh token.
//!
//! A store only stores. The rules (who adopts what, when a token may be spent, what a lost race
//! means) are the engine's, once, for every store.

mod condition;
mod entry;
mod error;
mod password;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::token::Generation;
use crate::token::key::TokenKey;

pub use self::condition::{CommitCondition, Committed, StoredState};
pub use self::entry::{Entry, Intent, Owner, Record, RecordId, RefreshFingerprint};
pub use self::error::StoreError;
pub use self::password::PasswordSource;

/// Keeps one record per key, with its intent and its lease.
///
/// An implementation
///
/// * *must* make [`commit`](Self::commit), [`write_intent`](Self::write_intent) and
///   [`tombstone`](Self::tombstone) durable before they return, and each of them one atomic step;
/// * *must* time leases by its own clock, never by the caller's, and give a lease to one owner at a
///   time;
/// * *must* keep record, intent and tombstone apart from the lease: losing a lease loses none of
///   them;
/// * *must not* delete or change a record because of an error;
/// * *must* answer "busy" ([`Acquired::Busy`]) and "broken" ([`StoreError`]) differently;
/// * *must not* look into [`Record::body`], nor log it.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// What is kept for a key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be read. A key that is not there is no error.
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError>;

    /// Takes the lease for `life`, or says that another keeps it busy; and what is kept for the
    /// key, as of then, which saves a round trip. An owner that holds the lease already gets it
    /// again, with its life anew.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot tell, or what is kept cannot be read: the caller *must
    /// not* have taken the lease then, or one that has the wrong key would keep it from all the
    /// others.
    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError>;

    /// Renews a lease for `life` from now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot tell.
    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError>;

    /// Gives the lease back. Does nothing where another owner has it by now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be written; the lease then ends by itself.
    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError>;

    /// Writes down that `intent.owner` is about to spend the token of `intent.fingerprint`, if that
    /// owner holds the lease. It replaces an older intent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it could not be made durable: the token must then not be spent.
    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError>;

    /// Takes the owner's intent back, since nothing was spent or the outcome is known. Does nothing
    /// where the intent is another's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be written; the intent then stands, and others are
    /// careful for a while.
    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError>;

    /// Writes `record` if [`CommitCondition::judge`] says [`Committed::Stored`], and clears the
    /// intent that the record [supersedes](RecordId::supersedes). It needs no lease: a late writer
    /// may hold the only living token.
    ///
    /// A store *must* decide exactly as [`CommitCondition::judge`] does, in the same atomic step as
    /// the write. A record that is written over a tombstone removes it. A repetition of what is
    /// stored leaves [`Entry::record_age`] as it is.
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
    /// bring the grant back. Returns the record that it removed, so that a logout can revoke it;
    /// `None` if there was none, or if it cannot be read (a tombstone is written all the same).
    ///
    /// The tombstone keeps the generation and the [initial fingerprint](Record::initial) of what it
    /// removed. A second one keeps what the first did.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be made durable.
    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError>;

    /// Whether what is committed outlives the process. A store in memory says no.
    fn is_durable(&self) -> bool {
        true
    }

    /// What is wrong with the place where records are kept, though it can be used: for people to
    /// read, and without a secret. A cache sends an event for each.
    async fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns when what is kept for the key may have changed since `seen`, or after `at_most`: a
    /// hint that saves polling. It may return too early. With what is kept by then, where the store
    /// had to look for it anyway; `None` tells nothing.
    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry>;
}

/// The answer to [`TokenStore::acquire`], with what is kept for the key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Acquired {
    /// The lease is the caller's, and this was read under it.
    Held(Entry),
    /// Another owner has it, for at most so long unless it is renewed.
    Busy {
        /// What is left of the other's lease, by the store's clock.
        left: Duration,
        /// What is kept, before what the other may bring.
        entry: Entry,
    },
}

impl Acquired {
    /// Whether the lease is the caller's.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }
}

/// The answer to [`TokenStore::renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewed {
    /// The lease has its whole life again.
    Held,
    /// It had run out, or another owner has it.
    Lost,
}

/// The answer to [`TokenStore::write_intent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intended {
    /// The intent is durable: the token may be spent.
    Written,
    /// The lease is not the caller's any more: the token must not be spent.
    LeaseLost,
}
