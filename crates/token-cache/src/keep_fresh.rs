//! Refreshes without traffic.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::decide::Decision;
use crate::engine::Engine;
use crate::transaction::For;

/// Stops the refreshing without traffic. Dropped, it lets it go on for as long as the cache lives.
#[derive(Debug)]
pub struct KeepFresh(Option<AbortHandle>);

impl KeepFresh {
    /// Stops it. An exchange under way is finished.
    pub fn stop(self) {
        if let Some(task) = self.0 {
            task.abort();
        }
    }
}

/// Often enough to notice that the machine slept: a timer does not run then.
const LONGEST_NAP: Duration = Duration::from_secs(15);
const SHORTEST_NAP: Duration = Duration::from_millis(20);

pub(crate) fn start(engine: &Arc<Engine>) -> KeepFresh {
    let started = engine.tasks.spawn(watch_over(Arc::downgrade(engine)));
    match started {
        Ok(task) => KeepFresh(Some(task.abort_handle())),
        Err(error) => {
            engine.note_failure(&error);
            KeepFresh(None)
        }
    }
}

/// Holds the engine weakly between two looks, so that it dies with the cache.
async fn watch_over(engine: Weak<Engine>) {
    loop {
        let nap = match engine.upgrade() {
            Some(engine) => look(&engine).await,
            None => return,
        };
        tokio::time::sleep(nap).await;
    }
}

async fn look(engine: &Arc<Engine>) -> Duration {
    if engine.tombstoned.load(Ordering::Acquire) {
        // Logged out: whether somebody has logged in again, only the store knows.
        engine.look().await;
        return LONGEST_NAP;
    }
    if matches!(engine.decide(), Decision::Wait | Decision::UseAndRefresh) {
        // A failure is held off, told as an event, and tried again.
        _ = engine.take_off(For::Background);
        engine.landed().await;
    }
    engine.until_due().clamp(SHORTEST_NAP, LONGEST_NAP)
}
