//! The cache against a vendor and a store that fail in every way that FAULTS.md lists, in paused
//! time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

#[path = "../acme/mod.rs"]
mod acme;

mod accounts;
mod answers;
mod api_calls;
mod blocking;
mod callers;
mod cancellation;
mod changing_credentials;
mod clocks;
mod doubts;
mod endings;
mod failures;
mod fallback_store;
mod fleets;
mod frozen_owners;
mod health;
mod idle;
mod in_doubt;
mod initial_tokens;
mod keeping;
mod kept_connections;
mod leaving;
mod lifetimes;
mod logged;
mod login_fallback;
mod logouts;
mod long_lives;
mod measured;
mod named_errors;
mod newer_tokens;
mod odd_answers;
mod outages;
mod panics;
mod program_log;
mod recovery;
mod redeeming;
mod refusals;
mod refused_calls;
mod rejected_tokens;
mod relogins;
mod revocations;
mod rotations;
mod runtimes;
mod secrets;
mod seen;
mod sharing;
mod simulation;
mod sliding;
mod steps;
mod storing;
mod threads;
mod told_refusals;
mod unwritten;
mod warnings;
