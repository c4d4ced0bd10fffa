//! The store on real servers: PostgreSQL, directly and behind PgBouncer in transaction mode.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod conformance;
mod cost;
mod encryption;
mod hints;
mod migrating;
mod outages;
mod place;
mod pools;
mod races;
mod rows;
mod sealed;
mod sharing;
mod startup;
mod wire;
