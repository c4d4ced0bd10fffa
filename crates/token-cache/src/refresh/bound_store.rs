//! A store, bound to one grant and to this owner. Each operation has a time limit.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(feature = "pool")]
use token_core::Timestamp;
use token_core::store::{
    Acquired, CommitCondition, Committed, Intended, Intent, Owner, Record, Renewed, StoreError,
};
#[cfg(feature = "pool")]
use token_core::store::{DueCursor, DuePage};
use token_core::{Clock as _, Generation, TokenKey, TokenStore};

use super::stored::Stored;
use crate::clock::CacheClock;
use crate::current::entropy::bytes_in_child;
use crate::process;
use crate::telemetry::metric;
use crate::telemetry::stopwatch::Stopwatch;
use crate::timeout::timeout;

/// The longest operation. Twice this, and `LONGEST_WRITE_PAUSE` of `pending.rs`, are the 15 s that
/// `doubt.rs` waits at least.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub(crate) struct BoundStore {
    store: NamedStore,
    key: TokenKey,
    owner: Owner,
    /// The process that the owner is in. A forked child is another owner.
    process: u32,
    clock: CacheClock,
}

/// A store with what is known about it. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct NamedStore(Arc<Named<dyn TokenStore>>);

#[derive(Debug)]
struct Named<S: ?Sized> {
    /// Whether it was asked what is wrong with it.
    was_asked: AtomicBool,
    store: S,
}

impl NamedStore {
    pub(crate) fn of<S: TokenStore>(store: S) -> Self {
        Self(Arc::new(Named {
            was_asked: AtomicBool::new(false),
            store,
        }))
    }
}

#[cfg(feature = "pool")]
impl NamedStore {
    /// Returns one page of the keys that are due before this time. It is not the operation of a
    /// caller, and may be large: it has more time than others.
    pub(crate) async fn due(
        &self,
        before: Timestamp,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        const PAGE: usize = 500;
        const LONGER: Duration = Duration::from_secs(60);
        let page = self.0.store.due(before, PAGE, after);
        let late = |_| StoreError::new("the store did not answer in time");
        tokio::time::timeout(LONGER, page)
            .await
            .unwrap_or_else(|elapsed| Err(late(elapsed)))
    }
}

impl BoundStore {
    pub(crate) fn new(store: NamedStore, key: TokenKey, owner: Owner, clock: CacheClock) -> Self {
        let process = process::id();
        Self {
            store,
            key,
            owner,
            process,
            clock,
        }
    }

    pub(crate) fn key(&self) -> &TokenKey {
        &self.key
    }

    pub(crate) fn owner(&self) -> Cow<'_, Owner> {
        match self.process == process::id() {
            true => Cow::Borrowed(&self.owner),
            false => Cow::Owned(Owner::new(bytes_in_child(self.owner.as_str()))),
        }
    }

    /// Returns the name of the store in metrics.
    pub(crate) fn name(&self) -> &'static str {
        self.inner().name()
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.inner().is_durable()
    }

    pub(crate) async fn load(&self) -> Result<Stored, StoreError> {
        let asked_at = self.clock.now().elapsed;
        let entry = self.in_time("load", self.inner().load(&self.key)).await?;
        Ok(Stored::asked_at(asked_at, entry))
    }

    pub(crate) async fn acquire(&self, ttl: Duration) -> Result<Acquired, StoreError> {
        let owner = self.owner();
        self.in_time("acquire", self.inner().acquire(&self.key, &owner, ttl))
            .await
    }

    pub(crate) async fn renew(&self, ttl: Duration) -> Result<Renewed, StoreError> {
        let owner = self.owner();
        self.in_time("renew", self.inner().renew(&self.key, &owner, ttl))
            .await
    }

    pub(crate) async fn write_intent(&self, intent: &Intent) -> Result<Intended, StoreError> {
        self.in_time("write_intent", self.inner().write_intent(&self.key, intent))
            .await
    }

    pub(crate) async fn commit(
        &self,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.in_time("commit", self.inner().commit(&self.key, condition, record))
            .await
    }

    pub(crate) async fn tombstone(&self) -> Result<Option<Record>, StoreError> {
        self.in_time("tombstone", self.inner().tombstone(&self.key))
            .await
    }

    /// Tells the others that nothing was spent, or that the outcome is known. If this fails, the
    /// intent stands and they wait a little longer than they had to.
    pub(crate) async fn clear_intent(&self) {
        let owner = self.owner();
        let clearing = self.inner().clear_intent(&self.key, &owner);
        _ = self.in_time("clear_intent", clearing).await;
    }

    /// Gives back the lease that this owner may have. If this fails, the lease ends by itself.
    pub(crate) async fn release(&self) {
        let owner = self.owner();
        let releasing = self.inner().release(&self.key, &owner);
        _ = self.in_time("release", releasing).await;
    }

    /// Whether nobody has asked yet what is wrong with it. Whoever is told so asks.
    pub(crate) fn claim_warnings(&self) -> bool {
        let was_asked = &self.store.0.was_asked;
        // What is only read is not what threads wait for.
        !was_asked.load(Ordering::Acquire) && !was_asked.swap(true, Ordering::AcqRel)
    }

    /// Returns what is wrong with the place where tokens are kept.
    pub(crate) async fn warnings(&self) -> Vec<String> {
        let warnings = tokio::time::timeout(LIMIT, self.inner().warnings());
        warnings.await.unwrap_or_default()
    }

    /// Waits, at most this long, until the store may hold another generation, and loads it. After a
    /// hint that came too early, there is a short pause.
    pub(crate) async fn next(
        &self,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Result<Stored, StoreError> {
        const SHORTEST: Duration = Duration::from_millis(10);
        let pause = tokio::time::sleep(SHORTEST.min(at_most));
        let asked_at = self.clock.now().elapsed;
        let hint = self.inner().wait_for_change(&self.key, seen, at_most);
        let hint = tokio::time::timeout(at_most, hint).await.ok().flatten();
        let next = match hint {
            Some(entry) => Ok(Stored::asked_at(asked_at, entry)),
            None => self.load().await,
        };
        let in_vain = next.as_ref().map_or(true, |next| next.generation() == seen);
        if in_vain {
            pause.await;
        }
        next
    }

    async fn in_time<T>(
        &self,
        name: &'static str,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let begun = Stopwatch::start();
        let ended = timeout(LIMIT, operation).await;
        let outcome = match &ended {
            Some(Ok(_)) => "ok",
            Some(Err(_)) => "error",
            None => "timeout",
        };
        metric::stored(|| self.name(), name, outcome, begun.elapsed());
        ended.unwrap_or_else(|| Err(StoreError::new("the store did not answer in time")))
    }

    fn inner(&self) -> &dyn TokenStore {
        &self.store.0.store
    }
}
