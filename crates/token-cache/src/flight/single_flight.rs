//! At most one flight at a time, which any number of callers wait for.
//!
//! The module knows no runtime: its tests run it under a model checker, with the checker's locks in
//! place of the standard ones.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The slot for the one flight of a cache.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    current: Arc<Mutex<Option<Arc<Flight<T>>>>>,
}

/// The answer to [`SingleFlight::join_or_start`].
pub(crate) enum Joined<T> {
    /// A flight is under way, or the caller was just made its leader: wait for it.
    Waiter(Waiter<T>, Option<Leader<T>>),
    /// A look under the lock showed that no flight is needed any more.
    NotNeeded,
}

/// Waits for the outcome; `None` if the flight ended without one (its task panicked, or its runtime
/// is gone).
#[must_use]
pub(crate) struct Waiter<T> {
    flight: Arc<Flight<T>>,
    /// The key of its waker, once it has been polled.
    key: Option<u64>,
}

/// The right and the duty to complete the flight. Dropped, it ends the flight without an outcome,
/// so nobody is left waiting.
#[must_use]
pub(crate) struct Leader<T> {
    slot: SingleFlight<T>,
    flight: Arc<Flight<T>>,
}

#[derive(Debug)]
struct Flight<T>(Mutex<Progress<T>>);

#[derive(Debug)]
enum Progress<T> {
    InFlight(Wakers),
    Complete(Option<T>),
}

/// Thousands wait at once, so each finds its own waker without a search through the others. Most
/// often there is one.
#[derive(Debug, Default)]
struct Wakers {
    first: Option<Waker>,
    others: BTreeMap<u64, Waker>,
    next_key: u64,
}

impl Wakers {
    fn next_key(&mut self) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        key
    }

    fn set(&mut self, key: u64, waker: &Waker) {
        match key {
            FIRST => self.first = Some(waker.clone()),
            _ => _ = self.others.insert(key, waker.clone()),
        }
    }

    fn remove(&mut self, key: u64) {
        match key {
            FIRST => self.first = None,
            _ => _ = self.others.remove(&key),
        }
    }

    fn wake(self) {
        let wakers = self.first.into_iter().chain(self.others.into_values());
        wakers.for_each(Waker::wake);
    }
}

/// The key of the first that waits.
const FIRST: u64 = 0;

impl<T> SingleFlight<T> {
    pub(crate) fn new() -> Self {
        Self {
            current: Arc::new(Mutex::new(None)),
        }
    }

    /// Joins the flight under way, or starts one if `is_needed`. That is asked under the lock, so
    /// it sees what a flight that just ended has published.
    pub(crate) fn join_or_start(&self, is_needed: impl FnOnce() -> bool) -> Joined<T> {
        let mut current = lock(&self.current);
        if let Some(flight) = &*current {
            return Joined::Waiter(Waiter::new(flight), None);
        }
        if !is_needed() {
            return Joined::NotNeeded;
        }
        let progress = Progress::InFlight(Wakers::default());
        let flight = Arc::new(Flight(Mutex::new(progress)));
        *current = Some(flight.clone());
        let slot = Self {
            current: self.current.clone(),
        };
        Joined::Waiter(Waiter::new(&flight), Some(Leader { slot, flight }))
    }

    /// Whether a flight is under way.
    pub(crate) fn is_under_way(&self) -> bool {
        lock(&self.current).is_some()
    }

    /// Joins the flight under way, if there is one.
    pub(crate) fn join(&self) -> Option<Waiter<T>> {
        lock(&self.current).as_ref().map(Waiter::new)
    }
}

impl<T> Leader<T> {
    /// Completes the flight. Whatever it changed must be published before.
    pub(crate) fn complete(self, outcome: T) {
        self.end(Some(outcome));
    }

    fn end(&self, outcome: Option<T>) {
        lock(&self.slot.current).take_if(|flight| Arc::ptr_eq(flight, &self.flight));
        self.flight.complete(outcome);
    }
}

impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl<T> Flight<T> {
    /// The first outcome counts: that of a leader that completed, not that of its drop.
    fn complete(&self, outcome: Option<T>) {
        let mut progress = lock(&self.0);
        let Progress::InFlight(wakers) = &mut *progress else {
            return;
        };
        let wakers = std::mem::take(wakers);
        *progress = Progress::Complete(outcome);
        drop(progress);
        wakers.wake();
    }
}

impl<T> Waiter<T> {
    fn new(flight: &Arc<Flight<T>>) -> Self {
        Self {
            flight: flight.clone(),
            key: None,
        }
    }

    /// Returns whether the flight has its outcome.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(*lock(&self.flight.0), Progress::Complete(_))
    }
}

impl<T: Clone> Future for Waiter<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let flight = self.flight.clone();
        match &mut *lock(&flight.0) {
            Progress::Complete(outcome) => Poll::Ready(outcome.clone()),
            Progress::InFlight(wakers) => {
                let key = *self.key.get_or_insert_with(|| wakers.next_key());
                wakers.set(key, context.waker());
                Poll::Pending
            }
        }
    }
}

/// A caller whose time is over leaves no waker behind for the rest of the flight.
impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        if let Progress::InFlight(wakers) = &mut *lock(&self.flight.0) {
            wakers.remove(key);
        }
    }
}

/// A panic elsewhere leaves no half-written state here, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
