//! A store that keeps nothing, so that the memory of a pool is its own.

use std::time::Duration;

use oauth2_refresh::token_core::reexports::async_trait;
use oauth2_refresh::token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError,
};
use oauth2_refresh::token_core::{Generation, Timestamp, TokenKey, TokenStore};

#[derive(Debug)]
pub(super) struct Nowhere;

#[async_trait]
impl TokenStore for Nowhere {
    async fn load(&self, _: &TokenKey) -> Result<Entry, StoreError> {
        Ok(Entry::default())
    }

    async fn acquire(&self, _: &TokenKey, _: &Owner, _: Duration) -> Result<Acquired, StoreError> {
        Ok(Acquired::Held(Entry::default()))
    }

    async fn renew(&self, _: &TokenKey, _: &Owner, _: Duration) -> Result<Renewed, StoreError> {
        Ok(Renewed::Held)
    }

    async fn release(&self, _: &TokenKey, _: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn write_intent(&self, _: &TokenKey, _: &Intent) -> Result<Intended, StoreError> {
        Ok(Intended::Written)
    }

    async fn clear_intent(&self, _: &TokenKey, _: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    async fn commit(
        &self,
        _: &TokenKey,
        _: &CommitCondition,
        _: &Record,
    ) -> Result<Committed, StoreError> {
        Ok(Committed::Stored)
    }

    async fn tombstone(&self, _: &TokenKey) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    async fn due(
        &self,
        _: Timestamp,
        _: usize,
        _: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        Ok(DuePage::default())
    }

    async fn wait_for_change(
        &self,
        _: &TokenKey,
        _: Option<Generation>,
        _: Duration,
    ) -> Option<Entry> {
        None
    }
}
