//! For tests: a clock that is moved by hand, an HTTP client that follows a script, and conformance suites.

mod manual_clock;
mod scripted_client;

pub use manual_clock::ManualClock;
pub use scripted_client::{ScriptedClient, Sent};
