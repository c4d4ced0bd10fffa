//! The engine of a token in a pool begins with what was left at rest, and ends so.

use std::sync::atomic::AtomicU64;

use super::Shared;
use super::in_pool::InPool;
use crate::current::at_rest::AtRest;

impl Shared {
    /// Makes it the engine of a pool, which goes on with what was there before.
    pub(crate) fn join_pool(&mut self, pool: InPool, rest: Option<AtRest>) {
        self.in_pool = Some(pool);
        if let Some(rest) = rest {
            self.looked_at = AtomicU64::new(self.current.resume(rest));
        }
    }

    /// Whether it has nothing to do, as long as nobody asks it.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_in_flight() && self.waiters.count() == 0 && self.refresher.is_settled()
    }

    /// Whether a refresh may start now that nobody has asked for.
    pub(crate) fn is_due(&self) -> bool {
        self.is_idle() && self.current.until_due(&self.current.now()).is_zero()
    }

    /// Ends the engine. No task may work with it any more.
    pub(crate) fn take_rest(&mut self) -> AtRest {
        let looked_at = *self.looked_at.get_mut();
        self.current.take_rest(looked_at)
    }
}
