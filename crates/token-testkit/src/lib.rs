#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_vendor;
pub mod endpoint_conformance;
mod exchange;
mod manual_clock;
#[cfg(feature = "program-log")]
mod program_log;
mod random;
pub mod records;
mod scripted_client;
pub mod store_conformance;
mod storm;

pub use api_vendor::{ApiRefusal, ApiVendor, REQUEST_ID};
pub use endpoint_conformance::EndpointSuite;
pub use exchange::{attempt, call, exchange, judge};
pub use manual_clock::ManualClock;
#[cfg(feature = "program-log")]
#[cfg_attr(docsrs, doc(cfg(feature = "program-log")))]
pub use program_log::ProgramLog;
pub use scripted_client::{ScriptedClient, Sent};
pub use store_conformance::{Handles, StorePlace, StoreSuite};
pub use storm::{InFlight, RevocationStorm};
