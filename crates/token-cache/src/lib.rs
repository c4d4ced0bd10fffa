#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod asking;
mod attempts;
mod backoff;
mod builder;
mod cache;
mod clock;
mod commit;
mod decide;
mod engine;
mod entropy;
mod events;
mod exchange;
mod failures;
mod fingerprint;
mod grant_state;
mod held;
mod initial;
mod job;
mod keep_fresh;
mod lease;
mod logout;
mod memory;
mod new_grants;
mod pending;
mod record;
mod runtime;
mod sessions;
mod settings;
#[doc = include_str!("../SHARING.md")]
pub mod sharing {}
mod single_flight;
mod spares;
mod spill;
mod stored;
mod transaction;
mod waiting;

pub use backoff::Backoff;
pub use builder::TokenCacheBuilder;
pub use cache::{Drained, TokenCache};
pub use clock::SystemClock;
pub use events::{Event, Events, Origin};
pub use grant_state::GrantState;
pub use held::TokenGuard;
pub use keep_fresh::KeepFresh;
pub use logout::LoggedOut;
pub use memory::MemoryStore;

/// For tests: a clock that follows tokio's paused time.
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util {
    pub use crate::clock::RuntimeClock;
}

/// The locks of the single flight; its model-checked tests put the checker's in their place.
mod sync {
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
}
