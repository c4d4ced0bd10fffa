//! A store with less than others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::reexports::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, Due, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError,
};
use token_core::{Generation, Timestamp, TokenKey, TokenStore};

/// A store whose commits fail on command, and that cannot list its keys.
#[derive(Clone, Debug)]
pub(crate) struct Unreliable {
    store: MemoryStore,
    fails: Arc<AtomicBool>,
    seconds_to_load: Arc<AtomicU64>,
    seconds_to_commit: Arc<AtomicU64>,
    lists: Arc<AtomicBool>,
    panics: Arc<AtomicBool>,
    refused_listed: Arc<AtomicUsize>,
}

impl Unreliable {
    pub(crate) fn over(store: MemoryStore) -> Self {
        let (fails, seconds_to_load, seconds_to_commit) = Default::default();
        let (lists, panics, refused_listed) = Default::default();
        Self {
            store,
            fails,
            seconds_to_load,
            seconds_to_commit,
            lists,
            panics,
            refused_listed,
        }
    }

    /// Lists what is due.
    pub(crate) fn list(&self) {
        self.lists.store(true, Ordering::SeqCst);
    }

    /// Panics once when it is asked what is due, and lists that from then on.
    pub(crate) fn list_after_a_panic(&self) {
        self.list();
        self.panics.store(true, Ordering::SeqCst);
    }

    /// Returns how often refused grants were listed.
    pub(crate) fn refused_listed(&self) -> usize {
        self.refused_listed.load(Ordering::SeqCst)
    }

    pub(crate) fn be_slow(&self) {
        self.seconds_to_load.store(1, Ordering::SeqCst);
    }

    pub(crate) fn take_to_commit(&self, seconds: u64) {
        self.seconds_to_commit.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn fail_commits(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

async fn take(seconds: &AtomicU64) {
    let seconds = seconds.load(Ordering::SeqCst);
    if seconds > 0 {
        // tidy: sleeps because a store takes its time, which is paused.
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

#[async_trait]
impl TokenStore for Unreliable {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        take(&self.seconds_to_load).await;
        self.store.load(key).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        self.store.acquire(key, owner, life).await
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        self.store.renew(key, owner, life).await
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.release(key, owner).await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        self.store.write_intent(key, intent).await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.clear_intent(key, owner).await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        take(&self.seconds_to_commit).await;
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::new("the disk is full"));
        }
        self.store.commit(key, condition, record).await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        take(&self.seconds_to_load).await;
        self.store.tombstone(key).await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "a mistake");
        if !self.lists.load(Ordering::SeqCst) {
            return Err(StoreError::unsupported("listing what is due"));
        }
        if before > Due::OF_REFUSED {
            self.refused_listed.fetch_add(1, Ordering::SeqCst);
        }
        self.store.due(before, limit, after).await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        self.store.wait_for_change(key, seen, at_most).await
    }
}
