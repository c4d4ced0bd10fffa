//! The simulators, with requests as their vendors document them, and what a test can do to them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod api_refusals;
mod enos;
mod faults;
mod oauth2;
mod odd_answers;
mod private_cloud;
mod quectel_end_user;
mod quectel_saas;
mod serving;
mod support;
#[cfg(feature = "tls")]
mod tls;

/// The time of the frozen clocks, in Unix milliseconds.
const NOW: i64 = 1_700_000_000_000;
