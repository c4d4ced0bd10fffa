//! How many callers wait for a token.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::telemetry::metric::Meter;

#[derive(Debug, Default)]
pub(super) struct Waiters(AtomicUsize);

/// A caller that waits, until it is dropped.
pub(super) struct Waiting<'a> {
    waiters: &'a Waiters,
    meter: &'a Meter,
}

impl Waiters {
    pub(super) fn one_more<'a>(&'a self, meter: &'a Meter) -> Waiting<'a> {
        self.0.fetch_add(1, Ordering::Relaxed);
        meter.waiters_changed(1.0);
        Waiting {
            waiters: self,
            meter,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiters.0.fetch_sub(1, Ordering::Relaxed);
        self.meter.waiters_changed(-1.0);
    }
}
