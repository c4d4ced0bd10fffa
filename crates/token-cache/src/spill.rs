//! A local place for a token that the store did not acknowledge, in case this process dies before
//! it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_core::store::{CommitCondition, Record, StoreError};
use token_core::{Token, TokenStore};

use crate::job::Job;
use crate::record;

/// At most one token a grant, in a store of this machine; none where the user gave no place.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    place: Option<Arc<dyn TokenStore>>,
    was_looked_at: AtomicBool,
}

impl Spill {
    pub(crate) fn new(place: Option<Arc<dyn TokenStore>>) -> Self {
        Self {
            place,
            was_looked_at: AtomicBool::new(false),
        }
    }

    /// Makes a token durable here. A second failure must not keep it from the callers, so it is
    /// told and no more.
    pub(crate) async fn keep(&self, job: &Job, record: &Record) -> Result<(), StoreError> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        job.in_time(place.commit(&job.key, &CommitCondition::Overwrite, record))
            .await
            .map(drop)
    }

    pub(crate) fn is_there(&self) -> bool {
        self.place.is_some()
    }

    /// The grant was logged out: nothing here may come back later. Returns what was here.
    pub(crate) async fn drop_all(&self, job: &Job) -> Option<Record> {
        let place = self.place.as_ref()?;
        self.was_looked_at.store(true, Ordering::SeqCst);
        job.in_time(place.tombstone(&job.key)).await.ok().flatten()
    }

    /// The store has it: nothing here may come back later.
    pub(crate) async fn forget(&self, job: &Job) {
        let Some(place) = &self.place else { return };
        // Where it fails, a later process finds a token that is no newer than the store's, and
        // leaves it.
        _ = job.in_time(place.tombstone(&job.key)).await;
    }

    /// What an earlier process left here, once in the life of a cache: it is written to the store.
    /// Returned, if it is newer than the one in hand, to be served should the store be away.
    ///
    /// Whose child it is need not be known: a record that the store does not have, or has an older
    /// generation of, is written; any other has had its successor.
    pub(crate) async fn recover(&self, job: &Job) -> Option<Token> {
        let place = self.place.as_ref()?;
        if self.was_looked_at.swap(true, Ordering::SeqCst) {
            return None;
        }
        // A store completes what a process left half written when it is written to, not when it is
        // read.
        _ = job.in_time(place.clear_intent(&job.key, &job.owner)).await;
        let Ok(entry) = job.in_time(place.load(&job.key)).await else {
            self.was_looked_at.store(false, Ordering::SeqCst);
            return None;
        };
        let record = entry.record?;
        let token = record::read(&record, entry.record_age, job.clock.now().wall).ok()?;
        job.pending
            .keep(job, CommitCondition::ParentIs(record.fingerprint), record);
        let current = job.current();
        let is_newer = current.is_none_or(|current| current.generation() < token.generation());
        is_newer.then_some(token)
    }
}
