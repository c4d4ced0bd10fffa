//! Where an engine belongs: a pool ends it when it has nothing to do.

use std::sync::{Arc, Weak};

/// A pool, as its engines know it.
pub(crate) trait Settle: Send + Sync {
    /// Ends the engine of this account if it has nothing to do and nobody uses it.
    fn settle(&self, account: &str);
}

/// Where an engine belongs.
#[derive(Clone)]
pub(crate) struct InPool {
    pub(crate) pool: Weak<dyn Settle>,
    pub(crate) account: Arc<str>,
}

impl InPool {
    /// Tells the pool that a task has let go of the engine.
    pub(super) fn settle(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.settle(&self.account);
        }
    }
}

/// Tells the pool, when it is dropped, that one of those who used the engine has let go of it.
pub(crate) struct InUse(InPool);

impl InUse {
    pub(crate) fn of(place: InPool) -> Self {
        Self(place)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.settle();
    }
}
