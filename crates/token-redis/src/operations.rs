//! The operations of a store: each one but `due` runs one script on the record, in one round trip.

use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use token_core::{Generation, Timestamp, TokenKey};
use tokio::time::timeout;

use crate::reply;
use crate::script;
use crate::script::Requirement;
use crate::store::RedisStore;

/// A hundred years.
const LONGEST_LEASE: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

#[async_trait]
impl TokenStore for RedisStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        Ok(self.look(key).await?.0)
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let life = millis(life);
        let arguments = [owner.as_str(), life.as_str()];
        let asked = self.call(
            &script::ACQUIRE,
            key,
            &arguments,
            None,
            Requirement::Durable,
        );
        let acquired = reply::acquired(asked.await?.value, key, &self.sealing);
        if acquired.is_err() {
            // The lease is of no use if the record cannot be read. If the release fails too, the
            // lease expires.
            _ = self.release(key, owner).await;
        }
        acquired
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        let renewed = self
            .run(&script::RENEW, key, &[owner.as_str(), &millis(life)])
            .await?;
        Ok(if reply::read(renewed)? {
            Renewed::Held
        } else {
            Renewed::Lost
        })
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.run(&script::RELEASE, key, &[owner.as_str(), &self.channel(key)])
            .await
            .map(drop)
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        let owner = intent.owner.as_str();
        let spends = intent.fingerprint.map(reply::hex).unwrap_or_default();
        let generation = intent.generation.number().to_string();
        let arguments = [owner, spends.as_str(), generation.as_str()];
        let answered = self
            .run_safely(&script::WRITE_INTENT, key, &arguments, Requirement::Durable)
            .await?;
        let (is_written, before): (bool, Vec<Option<String>>) = reply::read(answered.value)?;
        match answered.shortfall {
            _ if !is_written => Ok(Intended::LeaseLost),
            None => Ok(Intended::Written),
            Some(shortfall) => {
                let before = reply::pairs(&script::INTENT_FIELDS, &before);
                Err(self
                    .undo(key, ("intent_owner", owner), &before, &shortfall)
                    .await)
            }
        }
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.run(&script::CLEAR_INTENT, key, &[owner.as_str()])
            .await
            .map(drop)
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let (condition, named) = named(condition)?;
        let (fingerprint, generation) = (
            reply::hex(record.fingerprint),
            record.generation.number().to_string(),
        );
        let sealed = self.sealing.seal(key, record)?;
        let channel = self.channel(key);
        let (due_at, grant_ends_at) = (instant(record.due_at), instant(record.grant_ends_at));
        let initial = record.initial.map(reply::hex).unwrap_or_default();
        let arguments = [
            condition,
            &named,
            &fingerprint,
            &generation,
            &sealed,
            &channel,
            &due_at,
            &grant_ends_at,
            &initial,
        ];
        let answered = self
            .run_safely(&script::COMMIT, key, &arguments, Requirement::Any)
            .await?;
        let outcome: String = reply::read(answered.enough()?)?;
        match outcome.as_str() {
            "stored" => {
                self.index_committed(key, record).await;
                Ok(Committed::Stored)
            }
            "lost" => Ok(Committed::Lost),
            "tombstoned" => Ok(Committed::Tombstoned),
            "missing" => Ok(Committed::Missing),
            _ => Err(StoreError::new(
                "Redis returned an unknown result of a commit",
            )),
        }
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        // Read first: if the answer of the script is lost, so is the removed record in it.
        let seen = self.load(key).await.ok().and_then(|entry| entry.record);
        let answered = self
            .run_safely(
                &script::TOMBSTONE,
                key,
                &[&self.channel(key)],
                Requirement::Any,
            )
            .await?;
        let (mark, before): (String, Vec<Option<String>>) = reply::read(answered.value)?;
        if let Some(shortfall) = answered.shortfall {
            let before = reply::pairs(&script::TOMBSTONE_FIELDS, &before);
            return Err(self
                .undo(key, ("tombstoned", &mark), &before, &shortfall)
                .await);
        }
        let removed = reply::record(&before, key, &self.sealing).ok().flatten();
        Ok(removed.or(seen.filter(|_| answered.is_repeated)))
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        self.page(before, limit, after).await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let changed = timeout(at_most, self.until_changed(key, seen)).await;
        changed.ok().flatten()
    }
}

fn named(condition: &CommitCondition) -> Result<(&'static str, String), StoreError> {
    match condition {
        CommitCondition::ParentIs(parent) => Ok(("parent", reply::hex(*parent))),
        CommitCondition::Overwrite => Ok(("overwrite", String::new())),
        CommitCondition::UnlessTombstoned => Ok(("unless_tombstoned", String::new())),
        CommitCondition::LoginIntentOf(owner) => Ok(("login", owner.as_str().to_owned())),
        _ => Err(StoreError::new(
            "this store is older than the engine and does not know this commit condition",
        )),
    }
}

/// Formats an instant, or an empty string for `None`.
fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.unix_millis().to_string())
        .unwrap_or_default()
}

/// Formats the duration of a lease: at least 1, because the shortest lease is one millisecond; at
/// most what Redis can add to the time.
fn millis(life: Duration) -> String {
    life.as_millis()
        .clamp(1, LONGEST_LEASE.as_millis())
        .to_string()
}
