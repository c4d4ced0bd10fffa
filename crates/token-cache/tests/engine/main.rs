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
mod asking;
mod callers;
mod clocks;
mod crowds;
mod doubts;
mod endings;
mod failures;
mod fallback;
mod idle;
mod keeping;
mod leaving;
mod lifetimes;
mod logouts;
mod neighbours;
mod outages;
mod recovery;
mod redeeming;
mod refused;
mod rotations;
mod runtimes;
mod secrets;
mod seen;
mod sharing;
mod simulation;
mod spilling;
mod storing;
mod unwritten;
mod verdicts;
mod warnings;
