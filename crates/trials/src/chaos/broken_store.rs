//! A store that gives the lease to everyone: the oracle must detect it, or it detects nothing.

use std::time::Duration;

use async_trait::async_trait;
use token_file::FileStore;
use vendor_auth::types::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed,
    StoreError, TokenStore,
};
use vendor_auth::types::{Generation, TokenKey};

#[derive(Debug)]
pub(super) struct BrokenStore(pub(super) FileStore);

#[async_trait]
impl TokenStore for BrokenStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.0.load(key).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        _owner: &Owner,
        _life: Duration,
    ) -> Result<Acquired, StoreError> {
        Ok(Acquired::Held(self.0.load(key).await?))
    }

    async fn renew(
        &self,
        _key: &TokenKey,
        _owner: &Owner,
        _life: Duration,
    ) -> Result<Renewed, StoreError> {
        Ok(Renewed::Held)
    }

    async fn release(&self, _key: &TokenKey, _owner: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn write_intent(
        &self,
        _key: &TokenKey,
        _intent: &Intent,
    ) -> Result<Intended, StoreError> {
        Ok(Intended::Written)
    }

    async fn clear_intent(&self, _key: &TokenKey, _owner: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.0.commit(key, condition, record).await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.0.tombstone(key).await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        self.0.wait_for_change(key, seen, at_most).await
    }
}
