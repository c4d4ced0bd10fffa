//! A store behind an `Arc`, such as one that the program's configuration chose.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use crate::token::generation::Generation;
use crate::token::key::TokenKey;
use crate::token::time::Timestamp;

#[async_trait]
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        (**self).load(key).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        (**self).acquire(key, owner, life).await
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        (**self).renew(key, owner, life).await
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        (**self).release(key, owner).await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        (**self).write_intent(key, intent).await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        (**self).clear_intent(key, owner).await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        (**self).commit(key, condition, record).await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        (**self).tombstone(key).await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        (**self).due(before, limit, after).await
    }

    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn is_durable(&self) -> bool {
        (**self).is_durable()
    }

    async fn warnings(&self) -> Vec<String> {
        (**self).warnings().await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        (**self).wait_for_change(key, seen, at_most).await
    }
}
