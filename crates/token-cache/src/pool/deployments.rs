//! The deployments that a pool's tokens come from: each has limits, gauges and a clock of its own.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::Quota;
use token_core::TokenKey;

use crate::clock::CacheClock;
use crate::current::log::VendorLog;
use crate::refresh::admission::Admission;
use crate::refresh::attempts::ServerClock;
use crate::telemetry::metric::Meter;

/// All deployments that were met.
pub(super) struct Deployments {
    limits: Limits,
    clock: CacheClock,
    by_name: Mutex<HashMap<String, Deployment>>,
}

/// One vendor at one host.
#[derive(Clone)]
pub(super) struct Deployment {
    pub(super) admission: Arc<Admission>,
    pub(super) meter: Meter,
    pub(super) server_clock: Arc<ServerClock>,
    pub(super) log: VendorLog,
}

/// The limits of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many exchanges are under way at most.
    pub(super) at_once: usize,
    /// How many may start at most in this span.
    pub(super) rate: Option<(NonZeroU32, Duration)>,
}

impl Deployments {
    pub(super) fn new(limits: Limits, clock: CacheClock) -> Self {
        let by_name = Mutex::default();
        Self {
            limits,
            clock,
            by_name,
        }
    }

    /// Returns the deployment of this grant.
    pub(super) fn of(&self, key: &TokenKey) -> Deployment {
        let name = name(key);
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(deployment) = by_name.get(name) {
            return deployment.clone();
        }
        let quota = self.limits.rate.and_then(quota);
        let admission = Admission::new(self.limits.at_once, quota, self.clock.clone());
        let deployment = Deployment {
            admission: Arc::new(admission),
            meter: Meter::of_deployment(name),
            server_clock: Arc::default(),
            log: VendorLog::default(),
        };
        by_name.insert(name.to_owned(), deployment.clone());
        deployment
    }
}

/// They may start one after the other, as fast as the rate allows, without bursts.
fn quota((count, span): (NonZeroU32, Duration)) -> Option<Quota> {
    Quota::with_period(span / count.get()).map(|quota| quota.allow_burst(NonZeroU32::MIN))
}

/// Returns the vendor and the deployment in a key: all but its last part.
pub(super) fn name(key: &TokenKey) -> &str {
    let key = key.as_str();
    key.rsplit_once('/').map_or(key, |(name, _)| name)
}
