//! A token that the store did not acknowledge yet: written again until it does.

use std::sync::{self, Mutex, PoisonError};
use std::time::Duration;

use token_core::store::{CommitCondition, Record, StoreError};
use tokio::sync::MutexGuard;

use crate::commit;
use crate::job::Job;
use crate::lease;
use crate::record;

/// At most one token waits: the newest, as a child of what the store holds.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    waiting: Mutex<Waiting>,
    /// Held by the one that writes.
    writing: tokio::sync::Mutex<()>,
}

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
    pub(crate) fn keep(&self, job: &Job, condition: CommitCondition, record: Record) {
        let mut waiting = self.lock();
        // The store still holds the ancestor that the first unwritten token came from.
        let condition = waiting.write.take().map_or(condition, |(first, _)| first);
        waiting.write = Some((condition, record));
        if !std::mem::replace(&mut waiting.is_retried, true) {
            // Without a task, the next flight writes it.
            waiting.is_retried = job.tasks.spawn(retry(job.clone())).is_ok();
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_settled(&self) -> bool {
        self.lock().write.is_none()
    }

    /// Tries the write now, in a flight.
    pub(crate) async fn settle(&self, job: &Job) -> Result<(), StoreError> {
        let writing = self.begin_to_write().await?;
        self.write(job, writing).await.map(drop)
    }

    /// Tries the write now, outside of a flight, and then gives back the lease that the flight left
    /// to it. The next flight takes its own lease after that, in the same name.
    pub(crate) async fn settle_after_flight(&self, job: &Job) -> Result<(), StoreError> {
        let writing = self.begin_to_write().await?;
        if let Some(_writing) = self.write(job, writing).await? {
            lease::give_back(job).await;
        }
        Ok(())
    }

    /// One write at a time: what comes of it is told once.
    async fn begin_to_write(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        if let Ok(writing) = self.writing.try_lock() {
            return Ok(writing);
        }
        let writing = self.writing.lock().await;
        match self.is_settled() {
            true => Ok(writing),
            false => Err(StoreError::new(
                "the store has just failed to take the newest token",
            )),
        }
    }

    /// Returns the guard if something was written.
    async fn write<'a>(
        &self,
        job: &Job,
        writing: MutexGuard<'a, ()>,
    ) -> Result<Option<MutexGuard<'a, ()>>, StoreError> {
        let Some((condition, record)) = self.lock().write.clone() else {
            return Ok(None);
        };
        let written = commit::write(job, &condition, &record).await?;
        self.forget(&record);
        job.spill.forget(job).await;
        let token = record::read(&record, Duration::ZERO, job.clock.now().wall)?;
        // A tombstone or an unreadable winner is met again by the next flight, which tells it.
        _ = commit::aftermath(job, token, written).await;
        Ok(Some(writing))
    }

    fn forget(&self, written: &Record) {
        let mut waiting = self.lock();
        waiting
            .write
            .take_if(|(_, newest)| newest.id() == written.id());
    }

    /// Gives up the write: the grant was logged out.
    pub(crate) fn drop_all(&self) -> Option<Record> {
        self.lock().write.take().map(|(_, record)| record)
    }

    /// Whether nothing waits; the task that asks ends then, and the next write gets one of its own.
    fn is_done(&self) -> bool {
        let mut waiting = self.lock();
        waiting.is_retried = waiting.write.is_some();
        !waiting.is_retried
    }

    fn lock(&self) -> sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the engine, so that a dropped cache loses no rotation; gives up some time after nobody
/// else holds it.
async fn retry(job: Job) {
    let retrying = Retrying(job);
    let job = &retrying.0;
    let mut pause = SHORTEST_PAUSE;
    let mut tries_left = TRIES_AFTER_DROP;
    while tries_left > 0 && !job.pending.is_done() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // A failure is tried again: that is what this loop is for.
        _ = job.pending.settle_after_flight(job).await;
        if job.holders() == 1 {
            tries_left -= 1;
        }
    }
}

/// Where the task ends with its runtime, the next write gets a task again.
struct Retrying(Job);

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.pending.lock().is_retried = false;
    }
}
