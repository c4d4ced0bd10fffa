//! Refreshes the token without traffic.

#[cfg(feature = "pool")]
use std::pin::pin;
#[cfg(feature = "pool")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use super::Shared;
use super::held::Held;
use crate::current::decide::Decision;
use crate::refresh::trigger::Trigger;

/// The task that [`TokenCache::keep_fresh`](crate::TokenCache::keep_fresh) started. If this handle
/// is dropped, the task goes on for as long as the cache or the pool lives.
#[derive(Debug)]
pub struct KeepFresh {
    task: Option<AbortHandle>,
    /// Tells, before the task ends, that another one may start.
    #[cfg(feature = "pool")]
    stop: Option<Arc<AtomicBool>>,
}

impl KeepFresh {
    pub(crate) fn of(task: Option<JoinHandle<()>>) -> Self {
        Self {
            task: task.map(|task| task.abort_handle()),
            #[cfg(feature = "pool")]
            stop: None,
        }
    }

    /// Sets what is set when the task is to stop.
    #[cfg(feature = "pool")]
    pub(crate) fn stopping(self, stop: Arc<AtomicBool>) -> Self {
        let stop = Some(stop);
        Self { stop, ..self }
    }

    /// Returns another handle of the same task.
    #[cfg(feature = "pool")]
    pub(crate) fn another(&self) -> Self {
        Self {
            task: self.task.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Stops the task. An exchange that is in flight is completed.
    pub fn stop(self) {
        #[cfg(feature = "pool")]
        if let Some(stop) = self.stop {
            stop.store(true, Ordering::Release);
        }
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

/// Short enough to notice that the machine was suspended: a timer stands still then.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);
/// How soon a refresh that waits for another owner is let alone.
#[cfg(feature = "pool")]
const BETWEEN_DOUBTS: Duration = Duration::from_secs(1);

impl Shared {
    pub(crate) fn keep_fresh(self: &Arc<Self>) -> KeepFresh {
        let started = self.tasks.spawn(keep_fresh(Arc::downgrade(self)));
        match started {
            Ok(task) => KeepFresh::of(Some(task)),
            Err(error) => {
                let session = self.current.session(self.current.session_id());
                session.note_failure(&error);
                KeepFresh::of(None)
            }
        }
    }

    /// Refreshes the token if that is due. Returns how long to pause.
    pub(crate) async fn refresh_if_due(self: &Arc<Self>) -> Duration {
        let is_over = self.current.is_logged_out();
        if is_over || self.refresher.is_left_to_callers(&self.current) {
            // Only the store knows whether somebody has logged in again.
            self.look().await;
            return LONGEST_SLEEP;
        }
        if matches!(self.decide(), Decision::Wait | Decision::UseAndRefresh) {
            // A failure is sent as an event, and tried again after its pause.
            _ = self.start_if_needed(Trigger::Background);
            self.flight_ends().await;
        }
        let due_in = self.current.until_due(&self.current.now());
        due_in.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }
}

#[cfg(feature = "pool")]
impl Shared {
    /// Like [`refresh_if_due`](Self::refresh_if_due), but returns soon if the refresh waits for
    /// another owner, perhaps for minutes. It goes on without a listener.
    pub(crate) async fn refresh_unless_in_doubt(self: &Arc<Self>) {
        let mut refreshing = pin!(self.refresh_if_due());
        loop {
            tokio::select! {
                biased;
                _ = &mut refreshing => return,
                () = tokio::time::sleep(BETWEEN_DOUBTS) => {}
            }
            if self.refresher.waits_for_owner() {
                return;
            }
        }
    }
}

/// Holds the cache weakly while it pauses, so that it ends with the cache.
async fn keep_fresh(shared: Weak<Shared>) {
    loop {
        let pause = match shared.upgrade() {
            Some(shared) => Held::of(shared).refresh_if_due().await,
            None => return,
        };
        tokio::time::sleep(pause).await;
    }
}
