//! The store on real Redis servers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod checks;
mod conformance;
mod due;
mod lost_answers;
mod outages;
mod passwords;
mod permissions;
mod readable;
mod replicas;
mod sealed;
mod servers;
mod setup;
mod sharing;
#[cfg(feature = "rustls")]
mod tls;
mod vendor;
mod waits;
