//! A token that the store did not acknowledge yet: written again until it does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::store::{CommitCondition, Record, StoreError};

use crate::commit;
use crate::engine::Engine;
use crate::lease;
use crate::record;

/// At most one token waits: the newest, as a child of what the store holds.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    write: Option<(CommitCondition, Record)>,
    is_retried: bool,
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Whoever waits for a commit of ours waits for longer than this.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a write is tried again after the last handle of the cache was dropped.
const TRIES_AFTER_DROP: u32 = 100;

impl Pending {
    /// Remembers a write and tries it again in a task of its own.
    pub(crate) fn keep(&self, engine: &Arc<Engine>, condition: CommitCondition, record: Record) {
        let mut waiting = self.lock();
        // The store still holds the ancestor that the first unwritten token came from.
        let condition = waiting.write.take().map_or(condition, |(first, _)| first);
        waiting.write = Some((condition, record));
        if !std::mem::replace(&mut waiting.is_retried, true) {
            drop(tokio::spawn(retry(engine.clone())));
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_settled(&self) -> bool {
        self.lock().write.is_none()
    }

    /// Tries the write now.
    pub(crate) async fn settle(&self, engine: &Engine) -> Result<(), StoreError> {
        let Some((condition, record)) = self.lock().write.clone() else {
            return Ok(());
        };
        let written = commit::write(engine, &condition, &record).await?;
        self.forget(&record);
        engine.spill.forget(engine).await;
        let token = record::read(&record, Duration::ZERO, engine.clock.now().wall)?;
        // A tombstone or an unreadable winner is met again by the next flight, which tells it.
        _ = commit::aftermath(engine, token, written).await;
        Ok(())
    }

    /// Tries the write now, outside of a flight, and then gives back the lease that the flight left to it.
    pub(crate) async fn settle_after_flight(&self, engine: &Engine) -> Result<(), StoreError> {
        self.settle(engine).await?;
        if !engine.is_flying() {
            lease::give_back(engine).await;
        }
        Ok(())
    }

    fn forget(&self, written: &Record) {
        let mut waiting = self.lock();
        waiting
            .write
            .take_if(|(_, newest)| newest.lineage == written.lineage);
    }

    /// Whether nothing waits; the task that asks ends then, and the next write gets one of its own.
    fn is_done(&self) -> bool {
        let mut waiting = self.lock();
        waiting.is_retried = waiting.write.is_some();
        !waiting.is_retried
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the engine, so that a dropped cache loses no rotation; gives up some time after nobody else holds it.
async fn retry(engine: Arc<Engine>) {
    let retrying = Retrying(engine);
    let engine = &retrying.0;
    let mut pause = SHORTEST_PAUSE;
    let mut tries_left = TRIES_AFTER_DROP;
    while tries_left > 0 && !engine.pending.is_done() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // A failure is tried again: that is what this loop is for.
        _ = engine.pending.settle_after_flight(engine).await;
        if Arc::strong_count(engine) == 1 {
            tries_left -= 1;
        }
    }
}

/// Where the task ends with its runtime, the next write gets a task again.
struct Retrying(Arc<Engine>);

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.pending.lock().is_retried = false;
    }
}
