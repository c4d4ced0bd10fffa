//! What the gauges count of an account.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::telemetry::pool_metric::{Counted, accounts_changed};

/// What an account was last counted under, a bit for each.
#[derive(Debug, Default)]
pub(super) struct LastCounted(AtomicU8);

impl LastCounted {
    /// Counts it under these, and no longer under others.
    pub(super) fn recount(&self, is: impl Fn(Counted) -> bool) {
        let counted = Counted::ALL.into_iter().filter(|counted| is(*counted));
        self.change_to(counted.map(bit).sum());
    }

    fn change_to(&self, now: u8) {
        let before = self.0.swap(now, Ordering::Relaxed);
        for counted in Counted::ALL {
            match (before & bit(counted) != 0, now & bit(counted) != 0) {
                (false, true) => accounts_changed(counted, 1.0),
                (true, false) => accounts_changed(counted, -1.0),
                _ => {}
            }
        }
    }
}

impl Drop for LastCounted {
    /// The account leaves memory, or the pool ends.
    fn drop(&mut self) {
        self.change_to(0);
    }
}

fn bit(counted: Counted) -> u8 {
    1 << counted as u8
}
