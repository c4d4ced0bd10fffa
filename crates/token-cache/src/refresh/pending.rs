//! A token that the store did not acknowledge yet: it waits to be written again, and meanwhile lies
//! in the fallback store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::store::{CommitCondition, Record, StoreError};

use super::bound_store::BoundStore;
use super::stored::Stored;
use crate::telemetry::metric::Meter;

/// The longest pause between two tries. `doubt.rs` waits longer than this.
pub(crate) const LONGEST_WRITE_PAUSE: Duration = Duration::from_secs(5);

/// At most one commit is pending: that of the newest token, as a child of what the store holds.
#[derive(Debug)]
pub(crate) struct Pending {
    meter: Meter,
    state: Mutex<State>,
    /// Held by the one that writes.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    commit: Option<Box<(CommitCondition, Record)>>,
    has_writer: bool,
}

/// The right to write the pending commit; there is one at a time.
pub(crate) type Writing<'a> = tokio::sync::MutexGuard<'a, ()>;

/// The one task that tries again and again.
pub(crate) struct Writer<'a>(&'a Pending);

impl Pending {
    pub(crate) fn new(meter: Meter) -> Self {
        Self {
            meter,
            state: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn keep(&self, condition: CommitCondition, record: Record) {
        let mut state = self.lock();
        let earlier = state.commit.take();
        if earlier.is_none() {
            self.meter.unpersisted_changed(1.0);
        }
        // The store still holds the ancestor of the first unwritten token.
        let condition = earlier.map_or(condition, |earlier| earlier.0);
        state.commit = Some(Box::new((condition, record)));
    }

    /// Whether no commit is pending.
    pub(crate) fn is_settled(&self) -> bool {
        self.lock().commit.is_none()
    }

    pub(crate) fn newest(&self) -> Option<(CommitCondition, Record)> {
        self.lock().commit.as_deref().cloned()
    }

    /// Forgets the commit of this record, which the store has acknowledged.
    pub(crate) fn acknowledged(&self, record: &Record) {
        self.take_if(|newest| newest.id() == record.id());
    }

    /// Gives the commit up, because the grant was logged out.
    pub(crate) fn give_up(&self) -> Option<Record> {
        self.take_if(|_| true)
    }

    /// Waits for the one that writes, so that the result of a write is acted on once.
    ///
    /// # Errors
    ///
    /// If that one has failed: another try would fail too.
    pub(crate) async fn begin_to_write(&self) -> Result<Writing<'_>, StoreError> {
        if let Ok(writing) = self.writing.try_lock() {
            return Ok(writing);
        }
        let writing = self.writing.lock().await;
        match self.is_settled() {
            true => Ok(writing),
            false => Err(StoreError::new(
                "the store has not taken the previous token yet",
            )),
        }
    }

    /// Returns the right to try again and again, if a commit is pending and no other task has it.
    pub(crate) fn claim_writer(&self) -> Option<Writer<'_>> {
        let mut state = self.lock();
        let is_free = state.commit.is_some() && !state.has_writer;
        is_free.then(|| {
            state.has_writer = true;
            Writer(self)
        })
    }

    fn take_if(&self, is_meant: impl Fn(&Record) -> bool) -> Option<Record> {
        let taken = self.lock().commit.take_if(|commit| is_meant(&commit.1));
        let (_, record) = *taken?;
        self.meter.unpersisted_changed(-1.0);
        Some(record)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody will write it any more.
impl Drop for Pending {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Writer<'_> {
    /// Whether no commit is pending. If so, the next one gets a writer of its own.
    pub(crate) fn is_done(&self) -> bool {
        let mut state = self.0.lock();
        state.has_writer = state.commit.is_some();
        !state.has_writer
    }
}

/// If the task ends with its runtime, the next commit gets a writer again.
impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.lock().has_writer = false;
    }
}

/// A store of this machine, in case the process dies before the store acknowledges the newest
/// token.
#[derive(Debug)]
pub(crate) struct Fallback {
    store: Option<Box<BoundStore>>,
    was_read: AtomicBool,
    /// Whether reading was tried, with whatever result.
    was_tried: AtomicBool,
}

impl Fallback {
    pub(crate) fn new(store: Option<BoundStore>) -> Self {
        Self {
            store: store.map(Box::new),
            was_read: AtomicBool::new(false),
            was_tried: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.store.is_some()
    }

    /// Makes a token durable here.
    pub(crate) async fn keep(&self, record: &Record) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        store
            .commit(&CommitCondition::Overwrite, record)
            .await
            .map(drop)
    }

    /// Empties it, because the store has the token; a tombstone is how a store is emptied. If this
    /// fails, a later process finds a token that is no newer than the store's, and leaves it.
    pub(crate) async fn clear(&self) {
        if let Some(store) = &self.store {
            _ = store.tombstone().await;
        }
    }

    /// Empties it, because the grant was logged out. Returns what was here.
    pub(crate) async fn give_up(&self) -> Option<Record> {
        let store = self.store.as_ref()?;
        self.was_tried.store(true, Ordering::SeqCst);
        self.was_read.store(true, Ordering::SeqCst);
        store.tombstone().await.ok().flatten()
    }

    /// Whether an earlier process may have left something here that nobody has tried to read.
    pub(crate) fn is_untried(&self) -> bool {
        self.store.is_some() && !self.was_tried.load(Ordering::SeqCst)
    }

    /// Returns what an earlier process left here, once in the life of a cache.
    pub(crate) async fn read_once(&self) -> Option<Stored> {
        let store = self.store.as_ref()?;
        self.was_tried.store(true, Ordering::SeqCst);
        if self.was_read.swap(true, Ordering::SeqCst) {
            return None;
        }
        // `FileStore` finishes an interrupted write only on a write, so this makes a harmless one.
        store.clear_intent().await;
        let entry = store.load().await;
        if entry.is_err() {
            self.was_read.store(false, Ordering::SeqCst);
        }
        entry.ok()
    }
}
