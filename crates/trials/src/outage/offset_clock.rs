//! The machine's clock, advanced at the start: a token of two hours is due or expired at once, and
//! stays so for the minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vendor_auth::cache::SystemClock;
use vendor_auth::types::{Clock, ClockReading};

/// The clock of a vendor and the hosts of its grant. Clones share one time.
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetClock(Arc<AtomicU64>);

impl OffsetClock {
    /// Advances time for all clones.
    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> ClockReading {
        let machine = SystemClock.now();
        let moved = Duration::from_millis(self.0.load(Ordering::SeqCst));
        ClockReading {
            wall: machine.wall.after(moved),
            elapsed: machine.elapsed.saturating_add(moved),
        }
    }
}
