//! What a user may choose, with its defaults.

use std::time::Duration;

use token_core::RefreshPolicy;

use crate::backoff::Backoff;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) windows: RefreshPolicy,
    pub(crate) backoff: Backoff,
    /// How long a caller waits.
    pub(crate) wait: Duration,
    /// The longest exchange whose refresh token works once: what is cut off may be lost.
    pub(crate) single_use_exchange: Duration,
    /// The longest exchange of any other kind.
    pub(crate) exchange: Duration,
    /// How long a lease lives unless it is renewed.
    pub(crate) lease: Duration,
    /// How long another holder's lease is waited for.
    pub(crate) lease_wait: Duration,
    /// The longest operation of a store.
    pub(crate) store: Duration,
    /// How long a token that another holder may have spent is watched before it is spent again.
    pub(crate) doubt: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            windows: RefreshPolicy::default(),
            backoff: Backoff::default(),
            wait: Duration::from_secs(30),
            single_use_exchange: Duration::from_secs(120),
            exchange: Duration::from_secs(20),
            lease: Duration::from_secs(30),
            lease_wait: Duration::from_secs(60),
            store: Duration::from_secs(5),
            doubt: Duration::from_secs(300),
        }
    }
}
