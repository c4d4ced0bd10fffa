//! The metrics of pools: all pools of the program together, without a label for each account.

#[cfg(not(feature = "metrics"))]
use super::metric::off::{counter, gauge};
#[cfg(feature = "metrics")]
use metrics::{counter, gauge};

const ACCOUNTS: &str = "vendor_auth_pool_accounts";
const EVICTIONS: &str = "vendor_auth_pool_evictions_total";

/// A label of the gauge. An account may be counted under several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    InMemory,
    AtWork,
    Failing,
    LoginNeeded,
}

impl Counted {
    pub(crate) const ALL: [Self; 4] = [
        Self::InMemory,
        Self::AtWork,
        Self::Failing,
        Self::LoginNeeded,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::InMemory => "in_memory",
            Self::AtWork => "at_work",
            Self::Failing => "failing",
            Self::LoginNeeded => "logins_needed",
        }
    }
}

/// Describes the metrics, and begins them. The exporter must be installed by now.
pub(crate) fn begin() {
    describe();
    evicted(0);
    still_count();
}

/// Notes that so many more accounts are counted under this, or fewer.
pub(crate) fn accounts_changed(counted: Counted, by: f64) {
    gauge!(ACCOUNTS, "state" => counted.label()).increment(by);
}

/// Tells an exporter that removes what has not changed for long that these still count: a gauge
/// that begins anew is wrong from then on.
pub(crate) fn still_count() {
    for counted in Counted::ALL {
        accounts_changed(counted, 0.0);
    }
}

/// Counts accounts that left memory because there were too many.
pub(crate) fn evicted(accounts: u64) {
    counter!(EVICTIONS).increment(accounts);
}

#[cfg(not(feature = "metrics"))]
fn describe() {}

#[cfg(feature = "metrics")]
fn describe() {
    use metrics::{describe_counter, describe_gauge};

    describe_gauge!(
        ACCOUNTS,
        "Accounts of pools that are in memory, and how many of them are at work, failing, or in \
         need of a login."
    );
    describe_counter!(
        EVICTIONS,
        "Accounts that left memory because there were too many."
    );
}
