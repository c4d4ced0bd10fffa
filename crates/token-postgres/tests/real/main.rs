//! The store on real servers: PostgreSQL, directly and behind PgBouncer in transaction mode.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod conformance;
mod cost;
mod due;
mod encryption;
mod hints;
mod limits;
mod migrating;
mod outages;
mod passwords;
mod place;
mod pools;
mod races;
mod reading;
mod rows;
mod sealed;
mod sharing;
mod startup;
mod wire;
