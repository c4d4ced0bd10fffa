//! A runtime that the program has given, which may shut down before those who use it.

use std::future::{Future as _, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, unconstrained};

use super::caller_flight::{CallerFlight, Watch, Work, is_here};
use crate::process;

/// A runtime that was given, and a task on it that ends when it shuts down. One task tells for
/// good: one for each exchange would wake another thread. It also watches the flights that their
/// callers poll.
#[derive(Debug)]
pub(super) struct Given {
    handle: Handle,
    sentinel: AbortHandle,
    ended: Arc<Ended>,
    watch: Arc<Watch>,
    process: u32,
}

/// Whether the sentinel has ended, and who waits for that.
#[derive(Debug, Default)]
struct Ended {
    is_so: AtomicBool,
    waiting: Notify,
}

/// What the sentinel holds.
struct Sentinel(Arc<Ended>);

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.0.is_so.store(true, Ordering::Release);
        self.0.waiting.notify_waiters();
    }
}

/// One for each runtime, however many caches it was given to.
static GIVEN: Mutex<Vec<Weak<Given>>> = Mutex::new(Vec::new());

impl Given {
    pub(super) fn of(handle: Handle) -> Arc<Self> {
        let mut all = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        let id = handle.id();
        let is_this = |given: &Arc<Self>| given.handle.id() == id && given.is_alive();
        if let Some(given) = all.iter().filter_map(Weak::upgrade).find(is_this) {
            return given;
        }
        all.retain(|given| given.strong_count() > 0);
        let given = Arc::new(Self::new(handle));
        all.push(Arc::downgrade(&given));
        given
    }

    fn new(handle: Handle) -> Self {
        let (ended, watch) = (Arc::<Ended>::default(), Arc::<Watch>::default());
        let (sentinel, watching) = (Sentinel(ended.clone()), watch.clone());
        let task = handle.spawn(async move {
            let _sentinel = sentinel;
            watching.run().await;
        });
        Self {
            sentinel: task.abort_handle(),
            ended,
            watch,
            handle,
            process: process::id(),
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns whether the runtime has not shut down. A forked child has none of its parent's.
    pub(super) fn is_alive(&self) -> bool {
        !self.has_shut_down() && self.process == process::id()
    }

    /// Begins a flight that its caller polls, if that is one of this runtime's tasks and not too
    /// many do; else returns it. The runtime must be alive.
    pub(super) fn begin_with_caller(&self, work: Work) -> Result<CallerFlight, Work> {
        match is_here(&self.handle) {
            true => self.watch.begin(self.handle.clone(), work),
            false => Err(work),
        }
    }

    fn has_shut_down(&self) -> bool {
        self.ended.is_so.load(Ordering::Acquire)
    }

    /// Waits until the runtime shuts down.
    async fn shuts_down(&self) {
        let ended = self.ended.waiting.notified();
        if !self.has_shut_down() {
            ended.await;
        }
    }
}

impl Drop for Given {
    /// In a forked child, locks of the runtime may have been copied locked.
    fn drop(&mut self) {
        if self.is_alive() {
            self.sentinel.abort();
        }
    }
}

/// Sleeps on this runtime, unless it is the given one and shuts down.
///
/// # Errors
///
/// That it has shut down.
pub(super) async fn elapsed(
    runtime: &Handle,
    given: Option<&Given>,
    within: Duration,
) -> Result<(), ShutDown> {
    // Made in its place: one that is moved in is held twice.
    let mut sleep = pin!({
        let _inside = runtime.enter();
        tokio::time::sleep(within)
    });
    let Some(given) = given else {
        sleep.await;
        return Ok(());
    };
    let mut shuts_down = pin!(given.shuts_down());
    let mut woken: Option<Waker> = None;
    poll_fn(|context| {
        // A caller that polls its flight comes here often, and `Notify` has one lock for all.
        let is_set = woken
            .as_ref()
            .is_some_and(|it| it.will_wake(context.waker()));
        if is_set && !sleep.is_elapsed() && !given.has_shut_down() {
            return Poll::Pending;
        }
        woken = Some(context.waker().clone());
        if shuts_down.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(ShutDown));
        }
        // A timer panics if its runtime has shut down. A runtime ends its tasks before its timers,
        // and the sentinel is asked just before.
        let mut timer = pin!(unconstrained(sleep.as_mut())); // or it may not be set
        let polled = catch_unwind(AssertUnwindSafe(|| timer.as_mut().poll(context)));
        polled.map_or(Poll::Ready(Err(ShutDown)), |polled| polled.map(Ok))
    })
    .await
}

/// The runtime of a timer has shut down.
pub(super) struct ShutDown;
