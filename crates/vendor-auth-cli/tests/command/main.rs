//! The command, run as a process against simulated vendors.

#![expect(clippy::unwrap_used, reason = "a test panics if its setup fails")]

mod configuration;
mod home;
mod sim;
mod simulator;
mod status;
mod token;
