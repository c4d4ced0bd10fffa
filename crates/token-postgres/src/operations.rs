//! Implements [`TokenStore`]: each operation is one statement.

use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError,
};
use token_core::{Generation, Timestamp, TokenKey, TokenStore};
use tokio::time::timeout;
use tokio_postgres::Row;

use crate::connections::Durability;
use crate::failure;
use crate::notify::Notifier;
use crate::rows;
use crate::statements::Parameter;
use crate::store::{PostgresStore, in_a_runtime};

/// The first and the longest pause between two polls without notifications.
const SHORTEST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause between two polls with notifications, since one may be lost.
const LOST_HINT: Duration = Duration::from_secs(1);
/// The time left of a lease that was released before it could be read.
const GONE_BY_NOW: Duration = Duration::from_millis(1);
/// The first attempt may miss a row that is created at the same time. The second finds it, since
/// the store never deletes rows.
const MOST_LOOKS: usize = 3;
/// Longer than any lease, and within PostgreSQL's range of dates.
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

#[async_trait]
impl TokenStore for PostgresStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        match self.row_of(key).await? {
            Some(row) => rows::entry(&self.0.sealing, key, &row),
            None => Ok(Entry::default()),
        }
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let parameters = [
            key.as_str().into(),
            owner.as_str().into(),
            Parameter::Number(Some(micros(life))),
        ];
        let row = self
            .ask(Durability::Async, &self.0.statements.acquire, &parameters)
            .await?;
        let Some(row) = row else {
            return self.busy(key).await;
        };
        let entry = rows::entry(&self.0.sealing, key, &row);
        if entry.is_err() {
            // A lease is of no use if the record cannot be read. If the release fails too, the
            // lease expires.
            _ = self.release(key, owner).await;
        }
        Ok(Acquired::Held(entry?))
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        let parameters = [
            key.as_str().into(),
            owner.as_str().into(),
            Parameter::Number(Some(micros(life))),
        ];
        let row = self
            .ask(Durability::Async, &self.0.statements.renew, &parameters)
            .await?;
        Ok(row.map_or(Renewed::Lost, |_| Renewed::Held))
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let parameters = [key.as_str().into(), owner.as_str().into()];
        let released = self
            .ask(Durability::Async, &self.0.statements.release, &parameters)
            .await?;
        if released.is_some() {
            self.notify(key);
        }
        Ok(())
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        let parameters = [
            key.as_str().into(),
            intent.owner.as_str().into(),
            intent.fingerprint.as_ref().into(),
            intent.generation.into(),
        ];
        let row = self
            .ask(
                Durability::Sync,
                &self.0.statements.write_intent,
                &parameters,
            )
            .await?;
        Ok(row.map_or(Intended::LeaseLost, |_| Intended::Written))
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let parameters = [key.as_str().into(), owner.as_str().into()];
        self.ask(
            Durability::Async,
            &self.0.statements.clear_intent,
            &parameters,
        )
        .await?;
        Ok(())
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let sealed = self.0.sealing.seal(key, record)?;
        let [parent, overwrites, login] = Parameter::condition(condition)?;
        let parameters = [
            key.as_str().into(),
            (&record.fingerprint).into(),
            record.generation.into(),
            sealed.as_str().into(),
            record.due_at.into(),
            record.grant_ends_at.into(),
            record.initial.as_ref().into(),
            parent,
            overwrites,
            login,
        ];
        let row = self.settled(&self.0.statements.commit, &parameters).await?;
        self.notify(key);
        rows::verdict(&row)
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        in_a_runtime()?;
        let removed = timeout(self.0.limit, self.removed(key)).await;
        self.notify(key);
        removed.map_err(|_| failure::timed_out())?
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        // No key is empty, so that this is before the first one.
        let (last_due_at, last_key) =
            after.map_or((Timestamp::MIN, ""), |after| (after.due_at(), after.key()));
        let parameters = [
            Some(before).into(),
            Some(last_due_at).into(),
            last_key.into(),
            Parameter::Number(Some(i64::try_from(limit).unwrap_or(i64::MAX))),
        ];
        let rows = self
            .ask_for_rows(Durability::Read, &self.0.statements.due, &parameters)
            .await?;
        rows::page(limit, &rows)
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        in_a_runtime().ok()?;
        timeout(at_most, self.watch(key, seen)).await.ok()
    }
}

impl PostgresStore {
    /// Runs a statement that writes, and repeats it while it reports that it missed a concurrent
    /// row.
    async fn settled(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Row, StoreError> {
        for _ in 0..MOST_LOOKS {
            let row = self.ask(Durability::Sync, sql, parameters).await?;
            let row = row.ok_or_else(failure::not_ours)?;
            if rows::read(&row, "is_settled")? {
                return Ok(row);
            }
        }
        Err(failure::contended())
    }

    /// Writes a tombstone and returns what it removed. If the answer is lost, so is the removed
    /// record; so the record is read first, and the statement is repeated once.
    async fn removed(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        let seen = self.load(key).await.ok().and_then(|entry| entry.record);
        let parameters = [key.as_str().into()];
        let sql = &self.0.statements.tombstone;
        let (row, seen) = match self.settled(sql, &parameters).await {
            Ok(row) => (row, None),
            Err(_) => (self.settled(sql, &parameters).await?, seen),
        };
        // A record that cannot be read cannot be revoked, but is removed.
        let removed = rows::record(&self.0.sealing, key, &row).unwrap_or_default();
        Ok(removed.or(seen))
    }

    fn notify(&self, key: &TokenKey) {
        if let Some(notifier) = &self.0.notifier {
            notifier.notify(key);
        }
    }

    /// Returns once the generation differs from `seen` or a lease has ended. If a load fails, it
    /// polls again later.
    async fn watch(&self, key: &TokenKey, seen: Option<Generation>) -> Entry {
        let mut subscription = self.0.notifier.as_ref().map(Notifier::subscribe);
        let mut pause = SHORTEST_PAUSE;
        // A lease that was free all the time is no change.
        let mut may_have_ended = false;
        loop {
            if let Ok((entry, is_leased)) = self.look(key).await {
                if entry.generation() != seen || (may_have_ended && !is_leased) {
                    return entry;
                }
                may_have_ended |= is_leased;
            }
            match &mut subscription {
                // With notifications, polling covers those that are lost. One without a commit may
                // be about a release before the first look.
                Some(subscription) => {
                    let notified = timeout(LOST_HINT, subscription.changed(key)).await;
                    may_have_ended |= notified.is_ok();
                }
                None => tokio::time::sleep(pause).await,
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Returns what is stored, and whether any owner holds the lease.
    async fn look(&self, key: &TokenKey) -> Result<(Entry, bool), StoreError> {
        let Some(row) = self.row_of(key).await? else {
            return Ok((Entry::default(), false));
        };
        let left = rows::span(rows::read(&row, "lease_left_micros")?);
        Ok((rows::entry(&self.0.sealing, key, &row)?, left.is_some()))
    }

    async fn busy(&self, key: &TokenKey) -> Result<Acquired, StoreError> {
        let Some(row) = self.row_of(key).await? else {
            let entry = Entry::default();
            return Ok(Acquired::Busy {
                left: GONE_BY_NOW,
                entry,
            });
        };
        let left = rows::span(rows::read(&row, "lease_left_micros")?).unwrap_or(GONE_BY_NOW);
        let entry = rows::entry(&self.0.sealing, key, &row)?;
        Ok(Acquired::Busy { left, entry })
    }

    async fn row_of(&self, key: &TokenKey) -> Result<Option<Row>, StoreError> {
        let parameters = [key.as_str().into()];
        self.ask(Durability::Read, &self.0.statements.load, &parameters)
            .await
    }
}

fn micros(life: Duration) -> i64 {
    life.min(LONGEST_LIFE)
        .as_micros()
        .try_into()
        .unwrap_or(i64::MAX)
}
