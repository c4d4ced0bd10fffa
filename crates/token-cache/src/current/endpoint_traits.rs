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
    /// To be asked whether it has a login.
    endpoint: Option<AnyEndpoint>,
    has_login: OnceLock<bool>,
}

impl EndpointTraits {
    pub(crate) fn of(endpoint: AnyEndpoint) -> Self {
        Self {
            key: endpoint.key(),
            rotation: endpoint.rotation(),
            exchange_ends_old_token: endpoint.exchange_ends_old_token(),
            api_origins: endpoint.api_origins(),
            endpoint: Some(endpoint),
            has_login: OnceLock::new(),
        }
    }

    /// Lets go of the endpoint, whose credentials may be replaced.
    pub(crate) fn asked_for_login(mut self, attempt: &Attempt) -> Self {
        if let Some(endpoint) = self.endpoint.take() {
            self.has_login = OnceLock::from(endpoint.login(attempt).is_some());
        }
        self
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
    /// want to know. One that panics counts as a login for now: the exchange reports it.
    pub(super) fn has_login(&self, entropy: &Entropy, now: impl FnOnce() -> Timestamp) -> bool {
        if let Some(known) = self.has_login.get() {
            return *known;
        }
        let Some(endpoint) = &self.endpoint else {
            return false;
        };
        let attempt = Attempt::new(now(), entropy.bytes());
        match asked(|| endpoint.login(&attempt).is_some()) {
            Ok(has_login) => *self.has_login.get_or_init(|| has_login),
            Err(_) => true,
        }
    }
}

impl fmt::Debug for EndpointTraits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointTraits({})", self.key)
    }
}
