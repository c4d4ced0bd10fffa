//! How many callers wait for a token.

use std::sync::atomic::{AtomicUsize, Ordering};

use token_core::TokenKey;

use crate::telemetry::metric;

#[derive(Debug, Default)]
pub(super) struct Waiters(AtomicUsize);

/// A caller that waits, until it is dropped.
pub(super) struct Waiting<'a> {
    waiters: &'a Waiters,
    key: &'a TokenKey,
}

impl Waiters {
    pub(super) fn one_more<'a>(&'a self, key: &'a TokenKey) -> Waiting<'a> {
        self.0.fetch_add(1, Ordering::Relaxed);
        metric::waiters_changed(key, 1.0);
        Waiting { waiters: self, key }
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waiters.0.fetch_sub(1, Ordering::Relaxed);
        metric::waiters_changed(self.key, -1.0);
    }
}
