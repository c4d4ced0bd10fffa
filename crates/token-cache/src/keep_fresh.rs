//! Refreshes without traffic.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::decide::Decision;
use crate::engine::Engine;

/// Stops the refreshing without traffic. Dropped, it lets it go on for as long as the cache lives.
#[derive(Debug)]
pub struct KeepFresh(AbortHandle);

impl KeepFresh {
    /// Stops it. An exchange under way is finished.
    pub fn stop(self) {
        self.0.abort();
    }
}

/// Often enough to notice that the machine slept: a timer does not run then.
const LONGEST_NAP: Duration = Duration::from_secs(15);
const SHORTEST_NAP: Duration = Duration::from_millis(20);

pub(crate) fn start(engine: &Arc<Engine>) -> KeepFresh {
    KeepFresh(tokio::spawn(watch_over(Arc::downgrade(engine))).abort_handle())
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
    if matches!(engine.decide(), Decision::Wait | Decision::UseAndRefresh) {
        // A failure is held off, told as an event, and tried again.
        _ = engine.token(Duration::ZERO).await;
        engine.landed().await;
    }
    engine.until_due().clamp(SHORTEST_NAP, LONGEST_NAP)
}
