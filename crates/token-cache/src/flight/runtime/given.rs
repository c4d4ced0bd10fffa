//! A runtime that the program has given, which may shut down before those who use it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::refresh::endpoint_source::unless_it_panics;

/// A runtime that was given, and a task on it that ends when it shuts down. One task tells for
/// good: one for each exchange would wake another thread.
#[derive(Debug)]
pub(super) struct Given {
    handle: Handle,
    sentinel: AbortHandle,
    ended: Arc<Ended>,
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

impl Given {
    pub(super) fn of(handle: Handle) -> Self {
        let ended = Arc::<Ended>::default();
        let sentinel = Sentinel(ended.clone());
        let task = handle.spawn(async move {
            let _sentinel = sentinel;
            std::future::pending::<()>().await;
        });
        Self {
            sentinel: task.abort_handle(),
            ended,
            handle,
            process: std::process::id(),
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns whether the runtime has not shut down. A forked child has none of its parent's.
    pub(super) fn is_alive(&self) -> bool {
        !self.has_shut_down() && self.process == std::process::id()
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
    // A timer panics if its runtime has shut down. A runtime ends its tasks before its timers, and
    // the sentinel is asked just before.
    tokio::select! {
        biased;
        () = given.shuts_down() => Err(ShutDown),
        elapsed = unless_it_panics(sleep.as_mut()) => elapsed.ok_or(ShutDown),
    }
}

/// The runtime of a timer has shut down.
pub(super) struct ShutDown;
