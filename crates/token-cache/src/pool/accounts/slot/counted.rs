//! What the gauges count of an account.

use std::sync::atomic::{AtomicU8, Ordering};

use super::Slot;
use crate::telemetry::pool_metric::{Counted, accounts_changed};

/// What an account was last counted under, a bit for each.
#[derive(Debug, Default)]
pub(super) struct LastCounted(AtomicU8);

impl LastCounted {
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

impl Slot {
    /// Counts the account under what it is now.
    pub(in crate::pool) fn recount(&self) {
        let is = |counted| match counted {
            Counted::InMemory => true,
            Counted::AtWork => self.at_work().is_some(),
            Counted::Failing => self.is_in_trouble(),
            Counted::LoginNeeded => self.needs_login().is_some(),
        };
        let counted = Counted::ALL.into_iter().filter(|counted| is(*counted));
        self.counted.change_to(counted.map(bit).sum());
    }
}

fn bit(counted: Counted) -> u8 {
    1 << counted as u8
}
