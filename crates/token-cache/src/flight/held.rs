//! The engine, as a task holds it that no caller can cancel.

use std::ops::Deref;
use std::sync::Arc;

use super::Shared;
#[cfg(feature = "pool")]
use super::in_pool::InUse;
use crate::current::sessions::SessionId;

/// Holds an engine. If it belongs to a pool, which ends what nobody holds, the pool is told when
/// this is dropped, however the task ends.
pub(crate) struct Held {
    // Dropped first.
    shared: Arc<Shared>,
    #[cfg(feature = "pool")]
    _in_use: Option<InUse>,
}

impl Held {
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self {
            #[cfg(feature = "pool")]
            _in_use: shared.in_pool.clone().map(InUse::of),
            shared,
        }
    }

    /// Whether nobody else holds the engine.
    pub(super) fn is_last(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }
}

impl Shared {
    /// Returns what a task needs that begins now.
    pub(super) fn for_task(self: &Arc<Self>) -> (Held, SessionId) {
        (Held::of(self.clone()), self.current.session_id())
    }
}

impl Deref for Held {
    type Target = Arc<Shared>;

    fn deref(&self) -> &Arc<Shared> {
        &self.shared
    }
}
