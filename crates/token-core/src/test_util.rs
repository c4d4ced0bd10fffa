//! For tests: a clock that is moved by hand, an HTTP client that follows a script, and conformance suites.

pub mod endpoint_conformance;
mod exchange;
mod manual_clock;
mod random;
mod scripted_client;
pub mod store_conformance;

pub use endpoint_conformance::EndpointSuite;
pub use exchange::{attempt, exchange};
pub use manual_clock::ManualClock;
pub use scripted_client::{ScriptedClient, Sent};
pub use store_conformance::{Handles, StorePlace, StoreSuite};
