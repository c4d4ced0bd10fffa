//! A flight that its caller polls, if the caller is a task of the given runtime. That saves two
//! switches between tasks on the way to each token.
//!
//! No caller can cancel the flight or hold it up: if the caller is dropped, or the flight takes
//! long, it goes on as a task of its own.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task;
use tokio::time::Instant;

/// How long a flight is left to its caller, who may have been polled for the last time.
const WITH_CALLER: Duration = Duration::from_millis(50);
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);
/// How many callers of a runtime poll their flights. A flight is polled often, and all that its
/// caller waits in with it: where many wait at once, tasks of their own are cheaper.
const MOST: usize = 4;

/// What a flight does.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A flight that its caller polls until it ends or becomes a task.
#[must_use]
pub(crate) struct CallerFlight(Arc<Place>);

/// Where a flight is until it ends or becomes a task.
struct Place {
    state: Mutex<State>,
    runtime: Handle,
}

/// One of those that are polled, until it is dropped.
struct OneOf(Arc<AtomicUsize>);

impl Drop for OneOf {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct State {
    work: Option<(Work, OneOf)>,
    /// Polls it, unless it becomes a task.
    caller: Option<Waker>,
}

impl Place {
    /// Makes a task of the flight, unless it has ended or is one. Returns who polled it, and waits
    /// for its outcome from now on.
    ///
    /// # Errors
    ///
    /// If somebody polls it now, or makes a task of it.
    fn become_a_task(&self) -> Result<Option<Waker>, Busy> {
        let mut state = self.try_lock().ok_or(Busy)?;
        let (work, caller) = (state.work.take(), state.caller.take());
        drop(state);
        let Some((work, _)) = work else {
            return Ok(None);
        };
        drop(self.runtime.spawn(work));
        Ok(caller)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

struct Busy;

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl CallerFlight {
    /// Polls the flight. Once it has ended or is a task, its outcome is told to all who wait for
    /// it.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if !is_here(&self.0.runtime) {
            self.become_a_task();
        }
        let Some(mut state) = self.0.try_lock() else {
            return Poll::Ready(());
        };
        let Some((work, _)) = state.work.as_mut() else {
            return Poll::Ready(());
        };
        // As that of a task, its panic ends the flight only.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        if let Ok(Poll::Pending) = polled {
            match &mut state.caller {
                Some(caller) => caller.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        let ended = state.work.take();
        drop(state);
        drop(ended);
        Poll::Ready(())
    }

    fn become_a_task(&self) {
        // Nobody polls it but this caller, so whoever has it makes a task of it.
        drop(self.0.become_a_task());
    }
}

impl Drop for CallerFlight {
    fn drop(&mut self) {
        self.become_a_task();
    }
}

/// Whether this is called in a task of that runtime: whoever polls anything else may be about to
/// block the thread.
pub(super) fn is_here(runtime: &Handle) -> bool {
    let here = || Handle::try_current().is_ok_and(|here| here.id() == runtime.id());
    task::try_id().is_some() && here()
}

/// Sees to it that flights become tasks if they last.
#[derive(Debug, Default)]
pub(super) struct Watch {
    flights: Mutex<Flights>,
    begun: Notify,
    polled: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Flights {
    /// In the order in which they have begun.
    queue: VecDeque<(Instant, Weak<Place>)>,
    is_watched: bool,
}

impl Watch {
    /// Begins a flight that this caller polls, unless enough do.
    pub(super) fn begin(&self, runtime: Handle, work: Work) -> Result<CallerFlight, Work> {
        let Some(one_of) = self.one_more() else {
            return Err(work);
        };
        let state = State {
            work: Some((work, one_of)),
            caller: None,
        };
        let place = Arc::new(Place {
            state: Mutex::new(state),
            runtime,
        });
        let mut flights = self.lock();
        flights
            .queue
            .push_back((Instant::now(), Arc::downgrade(&place)));
        // It looks again by itself, as long as there are any.
        if !std::mem::replace(&mut flights.is_watched, true) {
            self.begun.notify_one();
        }
        drop(flights);
        Ok(CallerFlight(place))
    }

    fn one_more(&self) -> Option<OneOf> {
        // Most are one too many, and what is only read is not what threads wait for.
        if self.polled.load(Ordering::Relaxed) >= MOST {
            return None;
        }
        let one_of = OneOf(self.polled.clone());
        let before = self.polled.fetch_add(1, Ordering::Relaxed);
        (before < MOST).then_some(one_of)
    }

    /// Never ends.
    pub(super) async fn run(&self) {
        loop {
            self.begun.notified().await;
            while self.looks_again() {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                self.take_what_lasts();
            }
        }
    }

    fn looks_again(&self) -> bool {
        let mut flights = self.lock();
        flights.is_watched = !flights.queue.is_empty();
        flights.is_watched
    }

    fn take_what_lasts(&self) {
        let now = Instant::now();
        let mut lasting = self.lasting(now);
        lasting.retain(|place| match place.become_a_task() {
            Ok(caller) => {
                caller.into_iter().for_each(Waker::wake);
                false
            }
            Err(Busy) => true,
        });
        let polled = lasting.iter().map(|place| (now, Arc::downgrade(place)));
        self.lock().queue.extend(polled);
    }

    /// Removes what has begun long ago, or has ended.
    fn lasting(&self, now: Instant) -> Vec<Arc<Place>> {
        let mut flights = self.lock();
        let mut lasting = Vec::new();
        while let Some((begun, place)) = flights.queue.front() {
            let place = place.upgrade();
            if place.is_some() && now.saturating_duration_since(*begun) < WITH_CALLER {
                break;
            }
            lasting.extend(place);
            flights.queue.pop_front();
        }
        lasting
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
