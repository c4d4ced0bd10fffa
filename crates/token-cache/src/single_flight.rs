//! At most one flight at a time, which any number of passengers wait for.
//!
//! The module knows no runtime: its tests run it under a model checker, with the checker's locks in
//! place of the standard ones.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The one flight of a cache.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    current: Arc<Mutex<Option<Arc<Ticket<T>>>>>,
}

/// What boarding came to.
pub(crate) enum Boarding<T> {
    /// A flight is under way, or the caller was just made its pilot: wait for it.
    Passenger(Passenger<T>, Option<Pilot<T>>),
    /// A look under the lock showed that no flight is needed any more.
    NotNeeded,
}

/// Waits for the outcome; `None` where the flight ended without one (its task panicked, or its
/// runtime is gone).
#[must_use]
pub(crate) struct Passenger<T> {
    ticket: Arc<Ticket<T>>,
    /// Its seat, once it has been polled.
    seat: Option<u64>,
}

/// The right and the duty to end the flight. Dropped, it ends it without an outcome, so nobody is
/// left waiting.
#[must_use]
pub(crate) struct Pilot<T> {
    flight: SingleFlight<T>,
    ticket: Arc<Ticket<T>>,
}

#[derive(Debug)]
struct Ticket<T>(Mutex<Progress<T>>);

#[derive(Debug)]
enum Progress<T> {
    Flying(Seats),
    Landed(Option<T>),
}

/// Who is to be woken. Thousands wait at once, so each finds its own seat without a search through
/// the others.
#[derive(Debug, Default)]
struct Seats {
    taken: BTreeMap<u64, Waker>,
    next: u64,
}

impl<T> SingleFlight<T> {
    pub(crate) fn new() -> Self {
        Self {
            current: Arc::new(Mutex::new(None)),
        }
    }

    /// Joins the flight under way, or begins one if `needed`, which is asked under the lock: what a
    /// flight that just ended has published is seen by it.
    pub(crate) fn board(&self, needed: impl FnOnce() -> bool) -> Boarding<T> {
        let mut current = lock(&self.current);
        if let Some(ticket) = &*current {
            return Boarding::Passenger(Passenger::new(ticket), None);
        }
        if !needed() {
            return Boarding::NotNeeded;
        }
        let ticket = Arc::new(Ticket(Mutex::new(Progress::Flying(Seats::default()))));
        *current = Some(ticket.clone());
        let flight = Self {
            current: self.current.clone(),
        };
        Boarding::Passenger(Passenger::new(&ticket), Some(Pilot { flight, ticket }))
    }

    /// The flight under way, if there is one.
    pub(crate) fn under_way(&self) -> Option<Passenger<T>> {
        lock(&self.current).as_ref().map(Passenger::new)
    }
}

impl<T> Pilot<T> {
    /// Ends the flight. Whatever it changed must be published before.
    pub(crate) fn land(self, outcome: T) {
        self.end(Some(outcome));
    }

    fn end(&self, outcome: Option<T>) {
        let mut current = lock(&self.flight.current);
        if current
            .as_ref()
            .is_some_and(|ticket| Arc::ptr_eq(ticket, &self.ticket))
        {
            *current = None;
        }
        drop(current);
        self.ticket.land(outcome);
    }
}

impl<T> Drop for Pilot<T> {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl<T> Ticket<T> {
    /// The first outcome counts: the one of a pilot that landed, not the one of its drop.
    fn land(&self, outcome: Option<T>) {
        let mut progress = lock(&self.0);
        let Progress::Flying(seats) = &mut *progress else {
            return;
        };
        let seats = std::mem::take(seats);
        *progress = Progress::Landed(outcome);
        drop(progress);
        seats.taken.into_values().for_each(Waker::wake);
    }
}

impl<T> Passenger<T> {
    fn new(ticket: &Arc<Ticket<T>>) -> Self {
        Self {
            ticket: ticket.clone(),
            seat: None,
        }
    }
}

impl<T: Clone> Future for Passenger<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ticket = self.ticket.clone();
        match &mut *lock(&ticket.0) {
            Progress::Landed(outcome) => Poll::Ready(outcome.clone()),
            Progress::Flying(seats) => {
                let seat = *self.seat.get_or_insert(seats.next);
                seats.next = seats.next.max(seat + 1);
                seats.taken.insert(seat, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A caller whose time was over leaves no seat taken for the rest of the flight.
impl<T> Drop for Passenger<T> {
    fn drop(&mut self) {
        let Some(seat) = self.seat else { return };
        if let Progress::Flying(seats) = &mut *lock(&self.ticket.0) {
            seats.taken.remove(&seat);
        }
    }
}

/// A panic elsewhere leaves no half-written state here, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
