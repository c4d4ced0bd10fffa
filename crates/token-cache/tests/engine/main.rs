//! The engine against a vendor and a store that fail in every way that FAULTS.md knows, in paused
//! time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

#[path = "../acme/mod.rs"]
mod acme;

mod answers;
mod callers;
mod cancellation;
mod clocks;
mod crowds;
mod doubts;
mod endings;
mod failures;
mod fallback;
mod fleets;
mod idle;
mod in_doubt;
mod initial_tokens;
mod keeping;
mod leaving;
mod lifetimes;
mod logouts;
mod long_lives;
mod neighbours;
mod newer_tokens;
mod odd_answers;
mod outages;
mod recovery;
mod redeeming;
mod refused;
mod relogins;
mod revocations;
mod rotations;
mod runtimes;
mod secrets;
mod seen;
mod sharing;
mod simulation;
mod spilling;
mod steps;
mod storing;
mod unwritten;
mod verdicts;
mod warnings;
