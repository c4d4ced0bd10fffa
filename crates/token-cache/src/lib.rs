#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
mod blocking;
mod builder;
mod cache;
mod clock;
mod current;
mod engines;
mod flight;
mod memory;
#[cfg(feature = "pool")]
mod pool;
mod process;
mod refresh;
mod telemetry;
mod timeout;
#[doc = include_str!("../SHARING.md")]
pub mod sharing {}

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub use blocking::api_call::BlockingApiCall;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub use blocking::{BlockingEvents, BlockingTokenCache};
pub use builder::TokenCacheBuilder;
pub use cache::api_call::{Answered, ApiCall, WithoutToken};
pub use cache::{Drained, TokenCache};
pub use clock::SystemClock;
pub use current::backoff::Backoff;
pub use current::events::{Event, Events, Origin};
#[cfg(feature = "pool")]
#[cfg_attr(docsrs, doc(cfg(feature = "pool")))]
pub use current::pool_events::{PoolEvent, PoolEvents};
pub use current::token_guard::TokenGuard;
pub use flight::background::KeepFresh;
pub use flight::health::Health;
pub use memory::MemoryStore;
#[cfg(feature = "pool")]
#[cfg_attr(docsrs, doc(cfg(feature = "pool")))]
pub use pool::{
    TokenPool,
    builder::TokenPoolBuilder,
    health::{LoginNeeded, PoolHealth, account::AccountHealth},
    pool_account::PoolAccount,
};
pub use refresh::grant_state::GrantState;
pub use refresh::revoke::LoggedOut;

/// For tests: a clock that follows tokio's paused time.
#[cfg(any(test, feature = "test-util"))]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util {
    pub use crate::clock::RuntimeClock;
}
