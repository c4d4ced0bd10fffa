//! What does not change about an endpoint.

use std::fmt;
use std::sync::OnceLock;

use token_core::{ApiOrigin, Attempt, Rotation, Timestamp, TokenKey};

use super::entropy::Entropy;
use crate::refresh::endpoint_source::{AnyEndpoint, asked};

/// What is asked of an endpoint once.
pub(crate) struct EndpointTraits {
    pub(super) key: TokenKey,
    pub(super) rotation: Rotation,
    pub(super) exchange_ends_old_token: bool,
    pub(super) api_origins: Vec<ApiOrigin>,
    endpoint: AnyEndpoint,
    has_login: OnceLock<bool>,
}

impl EndpointTraits {
    pub(crate) fn of(endpoint: AnyEndpoint) -> Self {
        Self {
            key: endpoint.key(),
            rotation: endpoint.rotation(),
            exchange_ends_old_token: endpoint.exchange_ends_old_token(),
            api_origins: endpoint.api_origins(),
            endpoint,
            has_login: OnceLock::new(),
        }
    }

    /// Adds origins that the program named.
    pub(crate) fn with_api_origins(mut self, origins: &[ApiOrigin]) -> Self {
        self.api_origins.extend_from_slice(origins);
        self
    }

    pub(crate) fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Whether there is a repeatable login. Only building its request tells, and few refreshes
    /// want to know. A login that panics is one: the exchange will report it.
    pub(super) fn has_login(&self, entropy: &Entropy, now: impl FnOnce() -> Timestamp) -> bool {
        let ask = || {
            let attempt = Attempt::new(now(), entropy.bytes());
            asked(|| self.endpoint.login(&attempt).is_some()).unwrap_or(true)
        };
        *self.has_login.get_or_init(ask)
    }
}

impl fmt::Debug for EndpointTraits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointTraits({})", self.key)
    }
}
