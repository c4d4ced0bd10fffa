//! The call that an operation is carried out for. What its caller was told has failed must not be
//! carried out later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::stamp::since_start;

/// Whoever waits for an operation. When this is dropped, nobody waits any more.
#[derive(Default)]
pub(crate) struct Caller(Arc<AtomicBool>);

/// What the thread that carries out an operation knows of its caller.
pub(crate) struct Call {
    has_left: Arc<AtomicBool>,
    /// The elapsed time at which the caller stops waiting for others to let the operation begin.
    begins_before: Duration,
}

impl Caller {
    /// A call that is made now, and waits so long for its turn.
    pub(crate) fn call(&self, patience: Duration) -> Call {
        Call {
            has_left: Arc::clone(&self.0),
            begins_before: since_start().saturating_add(patience),
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Call {
    /// Whether it is too late to begin. The time in a queue of threads counts, and so does suspend.
    pub(crate) fn is_late(&self) -> bool {
        since_start() >= self.begins_before
    }

    /// Whether nobody waits for the outcome.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }
}
