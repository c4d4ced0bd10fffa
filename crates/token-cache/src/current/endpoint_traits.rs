//! What does not change about an endpoint.

use token_core::{ApiOrigin, Attempt, Rotation, TokenEndpoint, TokenKey};

/// What is asked of an endpoint once, when an engine begins.
#[derive(Clone, Debug)]
pub(crate) struct EndpointTraits {
    pub(super) key: TokenKey,
    pub(super) rotation: Rotation,
    pub(super) exchange_ends_old_token: bool,
    pub(super) has_login: bool,
    pub(super) api_origins: Vec<ApiOrigin>,
}

impl EndpointTraits {
    pub(crate) fn of(endpoint: &dyn TokenEndpoint, attempt: &Attempt) -> Self {
        Self {
            key: endpoint.key(),
            rotation: endpoint.rotation(),
            exchange_ends_old_token: endpoint.exchange_ends_old_token(),
            has_login: endpoint.login(attempt).is_some(),
            api_origins: endpoint.api_origins(),
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
}
