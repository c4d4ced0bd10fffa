//! The deployments that a pool's tokens come from: each has limits, gauges and a clock of its own.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::Quota;
use token_core::TokenKey;

use super::accounts::{Accounts, DeploymentHash};
use super::deployment_name::deployment_name;
use crate::clock::CacheClock;
use crate::current::log::VendorLog;
use crate::refresh::admission::Admission;
use crate::refresh::attempts::ServerClock;
use crate::telemetry::metric::Meter;

/// The deployments that were met, without those that no account uses.
pub(super) struct Deployments {
    limits: Limits,
    clock: CacheClock,
    known: Mutex<Known>,
}

struct Known {
    by_name: HashMap<String, Deployment>,
    search: Search,
}

/// When what is kept for each deployment is next searched for what is not used: each search costs
/// as much as there is.
#[derive(Debug)]
pub(super) struct Search {
    at: usize,
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
        let known = Known {
            by_name: HashMap::new(),
            search: Search::default(),
        };
        Self {
            limits,
            clock,
            known: Mutex::new(known),
        }
    }

    /// Returns the deployment of this grant. If it is one too many, those are forgotten first that
    /// no account in memory has.
    pub(super) fn of(&self, key: &TokenKey, accounts: &Accounts) -> Deployment {
        let name = deployment_name(key);
        let mut known = self.lock();
        if let Some(deployment) = known.by_name.get(name) {
            return deployment.clone();
        }
        if known.search.is_due(known.by_name.len()) {
            known.forget_unused(accounts);
        }
        let quota = self.limits.rate.and_then(quota);
        let admission = Admission::new(self.limits.at_once, quota, self.clock.clone());
        let deployment = Deployment {
            admission: Arc::new(admission),
            meter: Meter::of_deployment(name),
            server_clock: Arc::default(),
            log: VendorLog::default(),
        };
        known.by_name.insert(name.to_owned(), deployment.clone());
        deployment
    }

    pub(super) fn count(&self) -> usize {
        self.lock().by_name.len()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn forget_unused(&mut self, accounts: &Accounts) {
        let used = accounts.each(|entry| Some(entry.deployment()));
        let used: HashSet<DeploymentHash> = used.collect();
        self.by_name.retain(|name, deployment| {
            used.contains(&accounts.deployment_named(name)) || !deployment.may_be_forgotten()
        });
        self.search.found(self.by_name.len());
    }
}

impl Search {
    /// With fewer than this, none is forgotten.
    pub(super) const KEPT: usize = 1024;

    pub(super) fn is_due(&self, kept: usize) -> bool {
        kept >= self.at
    }

    /// Notes how many are left. The next search is as far away as this one was useful.
    pub(super) fn found(&mut self, left: usize) {
        self.at = Self::KEPT.max(2 * left);
    }
}

impl Default for Search {
    fn default() -> Self {
        Self { at: Self::KEPT }
    }
}

impl Deployment {
    /// Whether no engine works with it, and nothing is known that the next exchange must wait for.
    fn may_be_forgotten(&self) -> bool {
        // First: to retire what is in use would delay an exchange.
        Arc::strong_count(&self.admission) == 1 && self.admission.retire()
    }
}

/// They may start one after the other, as fast as the rate allows, without bursts.
fn quota((count, span): (NonZeroU32, Duration)) -> Option<Quota> {
    Quota::with_period(span / count.get()).map(|quota| quota.allow_burst(NonZeroU32::MIN))
}
