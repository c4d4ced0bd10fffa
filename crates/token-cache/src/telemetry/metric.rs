//! The metrics, by the `metrics` facade. Without that feature nothing is measured.

#[cfg(feature = "pool")]
use std::sync::Arc;
use std::time::Duration;

use token_core::{ApiVerdict, Step, Timestamp, TokenKey};

#[cfg(not(feature = "metrics"))]
use self::off::{counter, gauge, histogram};
#[cfg(feature = "metrics")]
use metrics::{counter, gauge, histogram};

const EXCHANGES: &str = "vendor_auth_exchanges_total";
const EXCHANGE_DURATION: &str = "vendor_auth_exchange_duration_seconds";
const TOKEN_EXPIRY: &str = "vendor_auth_token_expiry_timestamp_seconds";
const LAST_SUCCESS: &str = "vendor_auth_last_success_timestamp_seconds";
const WAITERS: &str = "vendor_auth_waiters";
const UNPERSISTED: &str = "vendor_auth_unpersisted";
const STORE_DURATION: &str = "vendor_auth_store_duration_seconds";
const LEASE_WAIT: &str = "vendor_auth_lease_wait_seconds";
const API_REFUSED: &str = "vendor_auth_api_refused_total";

/// The label of [`ApiVerdict::TokenRefused`].
pub(crate) const TOKEN_REFUSED: &str = "token_refused";

/// The gauges of one grant, or of all grants that a pool has at one deployment.
#[derive(Clone, Debug)]
pub(crate) enum Meter {
    Grant(TokenKey),
    /// With its label.
    #[cfg(feature = "pool")]
    Deployment(Arc<str>),
}

impl Meter {
    /// Describes the metrics, and begins the gauges of this grant. The exporter must be installed
    /// by now.
    pub(crate) fn of_grant(key: &TokenKey) -> Self {
        Self::Grant(key.clone()).begun()
    }

    /// The same for all grants that a pool has at this deployment: no label per grant.
    #[cfg(feature = "pool")]
    pub(crate) fn of_deployment(name: &str) -> Self {
        Self::Deployment(format!("{name}/*").into()).begun()
    }

    fn begun(self) -> Self {
        describe();
        self.waiters_changed(0.0);
        self.unpersisted_changed(0.0);
        self
    }

    /// Notes when the current token expires.
    pub(crate) fn expires(&self, at: Timestamp) {
        #[cfg(feature = "pool")]
        if matches!(self, Self::Deployment(_)) {
            return;
        }
        let at = match at {
            Timestamp::MIN => 0.0,
            Timestamp::MAX => f64::INFINITY,
            at => seconds(at),
        };
        gauge!(TOKEN_EXPIRY, "key" => self.label()).set(at);
    }

    /// Notes that there is no live token any more: it was logged out or revoked.
    pub(crate) fn ended(&self) {
        self.expires(Timestamp::MIN);
    }

    /// Notes when there was another token last.
    pub(crate) fn succeeded(&self, now: Timestamp) {
        gauge!(LAST_SUCCESS, "key" => self.label()).set(seconds(now));
    }

    /// Notes that one more caller waits, or one less.
    pub(crate) fn waiters_changed(&self, by: f64) {
        gauge!(WAITERS, "key" => self.label()).increment(by);
    }

    /// Notes that one more token waits for the store, or one less.
    pub(crate) fn unpersisted_changed(&self, by: f64) {
        gauge!(UNPERSISTED, "key" => self.label()).increment(by);
    }

    fn label(&self) -> String {
        match self {
            Self::Grant(key) => key.as_str().to_owned(),
            #[cfg(feature = "pool")]
            Self::Deployment(label) => label.to_string(),
        }
    }
}

/// Counts an attempt at an exchange.
pub(crate) fn exchanged(key: &TokenKey, step: Step, outcome: &'static str, took: Duration) {
    let (vendor, step) = (|| vendor(key), || step.to_string());
    counter!(EXCHANGES, "vendor" => vendor(), "step" => step(), "outcome" => outcome).increment(1);
    histogram!(EXCHANGE_DURATION, "vendor" => vendor(), "step" => step()).record(took);
}

/// Notes an operation of a store, whose name is asked for only if it is measured.
pub(crate) fn stored(
    store: impl Fn() -> &'static str,
    operation: &'static str,
    outcome: &'static str,
    took: Duration,
) {
    let labels = || {
        [
            ("store", store()),
            ("operation", operation),
            ("outcome", outcome),
        ]
    };
    histogram!(STORE_DURATION, &labels()).record(took);
}

/// Notes how long a refresh waited for the lease, or for the token of the owner that has it.
pub(crate) fn waited_for_lease(store: impl Fn() -> &'static str, took: Duration) {
    histogram!(LEASE_WAIT, "store" => store()).record(took);
}

/// Counts a request that an API refused. `replayed` tells whether it is sent once more.
pub(crate) fn api_refused(key: &TokenKey, verdict: &'static str, replayed: bool) {
    let replayed = if replayed { "true" } else { "false" };
    let vendor = || vendor(key);
    counter!(API_REFUSED, "vendor" => vendor(), "verdict" => verdict, "replayed" => replayed)
        .increment(1);
}

/// Returns the label of a verdict that is a refusal.
pub(crate) fn refusal(verdict: ApiVerdict) -> Option<&'static str> {
    match verdict {
        ApiVerdict::TokenRefused => Some(TOKEN_REFUSED),
        ApiVerdict::InsufficientScope => Some("insufficient_scope"),
        ApiVerdict::Throttled { .. } => Some("throttled"),
        _ => None,
    }
}

/// Returns the first part of the key.
fn vendor(key: &TokenKey) -> String {
    let vendor = key.as_str().split('/').next();
    vendor.unwrap_or_default().to_owned()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a float has 53 bits, which are exact milliseconds for 285,000 years"
)]
fn seconds(at: Timestamp) -> f64 {
    at.unix_millis() as f64 / 1000.0
}

#[cfg(not(feature = "metrics"))]
fn describe() {}

#[cfg(feature = "metrics")]
fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

    describe_counter!(
        EXCHANGES,
        "Requests to the token endpoint, by their outcome."
    );
    describe_histogram!(EXCHANGE_DURATION, Unit::Seconds, "Their duration.");
    describe_gauge!(
        TOKEN_EXPIRY,
        Unit::Seconds,
        "When the current token expires, as Unix time; 0 if there is none."
    );
    describe_gauge!(
        LAST_SUCCESS,
        Unit::Seconds,
        "When there was another token last, as Unix time."
    );
    describe_gauge!(WAITERS, "Callers that wait for a token.");
    describe_gauge!(UNPERSISTED, "Tokens that the store has not acknowledged.");
    describe_histogram!(
        STORE_DURATION,
        Unit::Seconds,
        "Operations of the token store."
    );
    describe_histogram!(
        LEASE_WAIT,
        Unit::Seconds,
        "How long refreshes waited for the lease."
    );
    describe_counter!(
        API_REFUSED,
        "API requests that were refused, and whether they were sent once more."
    );
}

/// In the place of the facade.
#[cfg(not(feature = "metrics"))]
pub(super) mod off {
    /// Makes no label: they are there for the compiler alone.
    macro_rules! nothing {
        ($name:expr, $($label:literal => $value:expr),+) => {{
            let _unused = || ($name, $(($label, $value)),+);
            $crate::telemetry::metric::off::Nothing
        }};
        ($name:expr) => {{
            let _unused = || $name;
            $crate::telemetry::metric::off::Nothing
        }};
        ($name:expr, $labels:expr) => {{
            let _unused = || ($name, $labels.len());
            $crate::telemetry::metric::off::Nothing
        }};
    }
    pub(in crate::telemetry) use {nothing as counter, nothing as gauge, nothing as histogram};

    pub(in crate::telemetry) struct Nothing;

    impl Nothing {
        pub(in crate::telemetry) fn increment<T>(self, _by: T) {}
        pub(in crate::telemetry) fn set<T>(self, _value: T) {}
        pub(in crate::telemetry) fn record<T>(self, _value: T) {}
    }
}
