//! What the five simulators share: the fault proxy in front of the vendor's rules, and a clock.

use std::fmt;
use std::ops::Deref;

use crate::clock::SimClock;
use crate::journal::Exchange;
use crate::proxy::FaultProxy;

/// A running simulator: its address, its clock, its journal and its faults.
///
/// Each vendor's simulator derefs to this, and this to the [`FaultProxy`] in front of the vendor's
/// rules. It stops when dropped.
pub struct Simulation {
    pub(crate) proxy: FaultProxy,
    pub(crate) clock: SimClock,
    pub(crate) resource_path: String,
}

impl Simulation {
    /// Returns the base URL followed by a path, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url())
    }

    /// Returns the URL of the protected resource, which answers 200 to a valid token and 401 to any
    /// other.
    pub fn resource_url(&self) -> String {
        self.url(&self.resource_path)
    }

    /// Returns the clock of the simulator.
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// See [`Journal::exchanges`](crate::Journal::exchanges).
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.journal().exchanges()
    }

    /// See [`Journal::exchange_count`](crate::Journal::exchange_count).
    pub fn exchange_count(&self) -> usize {
        self.journal().exchange_count()
    }

    /// See [`Journal::issued_count`](crate::Journal::issued_count).
    pub fn issued_count(&self) -> usize {
        self.journal().issued_count()
    }

    /// See [`Journal::undelivered_issued`](crate::Journal::undelivered_issued).
    pub fn undelivered_issued(&self) -> usize {
        self.journal().undelivered_issued()
    }

    /// Returns whether a refresh token or a code was presented that had been used before.
    pub fn saw_reuse(&self) -> bool {
        self.journal().reuse_count() > 0
    }

    /// Waits until the `n`-th exchange (from 1) has an outcome, and returns it.
    pub async fn exchange(&self, n: usize) -> Exchange {
        self.journal().exchange(n).await
    }
}

impl Deref for Simulation {
    type Target = FaultProxy;

    fn deref(&self) -> &FaultProxy {
        &self.proxy
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}
