//! The store on real Redis servers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod checks;
mod conformance;
mod lost_answers;
mod outages;
mod passwords;
mod place;
mod readable;
mod replicas;
mod rights;
mod sealed;
mod servers;
mod sharing;
#[cfg(feature = "rustls")]
mod tls;
mod vendor;
mod waits;
