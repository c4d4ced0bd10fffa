//! A store that gives the lease to everybody who asks: the oracle must find it out, or it sees nothing.

use std::time::Duration;

use async_trait::async_trait;
use token_cache::FileStore;
use vendor_auth::core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed, StoreError,
    TokenStore,
};
use vendor_auth::core::{Generation, Key};

#[derive(Debug)]
pub(super) struct CarelessStore(pub(super) FileStore);

#[async_trait]
impl TokenStore for CarelessStore {
    async fn load(&self, key: &Key) -> Result<Entry, StoreError> {
        self.0.load(key).await
    }

    async fn acquire(&self, key: &Key, _owner: &Owner, _life: Duration) -> Result<Acquired, StoreError> {
        Ok(Acquired::Held(self.0.load(key).await?))
    }

    async fn renew(&self, _key: &Key, _owner: &Owner, _life: Duration) -> Result<Renewed, StoreError> {
        Ok(Renewed::Held)
    }

    async fn release(&self, _key: &Key, _owner: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn intend(&self, _key: &Key, _intent: &Intent) -> Result<Intended, StoreError> {
        Ok(Intended::Written)
    }

    async fn withdraw(&self, _key: &Key, _owner: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn commit(
        &self,
        key: &Key,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.0.commit(key, condition, record).await
    }

    async fn tombstone(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.0.tombstone(key).await
    }

    async fn changed(&self, key: &Key, seen: Option<Generation>, at_most: Duration) -> Option<Entry> {
        self.0.changed(key, seen, at_most).await
    }
}
