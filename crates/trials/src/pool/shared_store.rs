//! The store of a process, which may break its contract, to see that the judge detects it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use vendor_auth::types::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use vendor_auth::types::{Generation, Timestamp, TokenKey};

use super::options::Broken;

#[derive(Debug)]
pub(super) struct SharedStore {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) broken: Option<Broken>,
}

impl SharedStore {
    fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }
}

/// Returns whether something is done wrong for this key: for one in so many.
fn is_one_in(many: u32, key: &TokenKey) -> bool {
    let sum = key.as_str().bytes().map(u32::from).sum::<u32>();
    sum.is_multiple_of(many)
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.store.load(key).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        if self.is(Broken::NoLease) {
            return self.load(key).await.map(Acquired::Held);
        }
        self.store.acquire(key, owner, life).await
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        match self.broken {
            Some(Broken::NoLease) => Ok(Renewed::Held),
            _ => self.store.renew(key, owner, life).await,
        }
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.release(key, owner).await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        match self.broken {
            Some(Broken::NoLease) => Ok(Intended::Written),
            _ => self.store.write_intent(key, intent).await,
        }
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
        let is_second = record.generation > Generation::new(1);
        if self.is(Broken::EarlyAnswer) && is_second && is_one_in(50, key) {
            return Ok(Committed::Stored);
        }
        self.store.commit(key, condition, record).await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.store.tombstone(key).await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        let mut page = self.store.due(before, limit, after).await?;
        if self.is(Broken::SkipsKeys) {
            page.due.retain(|due| !is_one_in(4, &due.key));
        }
        Ok(page)
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
