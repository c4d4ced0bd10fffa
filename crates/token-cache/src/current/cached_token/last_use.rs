//! When an API last accepted the token of a sliding session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use token_core::{ClockReading, Validity};

use crate::clock::millis;

/// In milliseconds of elapsed time, plus one; zero if there was no use. A wall clock that is ahead
/// for a while would prolong the session.
#[derive(Debug, Default)]
pub(super) struct LastUse(AtomicU64);

impl LastUse {
    /// Notes a use. Returns whether it is later than the last one.
    pub(super) fn note(&self, now: &ClockReading) -> bool {
        let used = millis(now.elapsed).saturating_add(1);
        self.0.fetch_max(used, Ordering::Relaxed) < used
    }

    /// Returns the validity, which began at `anchor`, after the last use.
    pub(super) fn prolonged(&self, validity: Validity, anchor: &ClockReading) -> Validity {
        let used = self.0.load(Ordering::Relaxed);
        if used == 0 {
            return validity;
        }
        let used = Duration::from_millis(used - 1);
        let since = used.saturating_sub(anchor.elapsed);
        let before = anchor.elapsed.saturating_sub(used);
        validity.used_at(anchor.wall.after(since).before(before))
    }
}

impl Clone for LastUse {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}
