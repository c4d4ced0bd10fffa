//! What the three vendors with refresh tokens have in common.
#![expect(private_bounds, reason = "other crates cannot add vendors")]

use std::time::Duration;

use crate::grants::{Pair, millis};
use crate::rotation::{OldToken, Rotation};
use crate::server::ServerBuilder;
use crate::vendor::Vendor;

/// How long the tokens of a grant are valid, and what a refresh does to them.
pub(crate) struct GrantSettings {
    pub(crate) access_lifetime: Duration,
    pub(crate) refresh_lifetime: Duration,
    pub(crate) rotation: Rotation,
    pub(crate) old_token: OldToken,
}

impl GrantSettings {
    /// Returns single-use refresh tokens of 30 days, and access tokens that a refresh leaves valid.
    pub(crate) fn with_access_lifetime(seconds: u64) -> Self {
        Self {
            access_lifetime: Duration::from_secs(seconds),
            refresh_lifetime: Duration::from_secs(30 * 86_400),
            rotation: Rotation::SingleUse,
            old_token: OldToken::StaysValid,
        }
    }

    pub(crate) fn access_expiry(&self, now: i64) -> i64 {
        now.saturating_add(millis(self.access_lifetime))
    }

    pub(crate) fn refresh_expiry(&self, now: i64) -> i64 {
        now.saturating_add(millis(self.refresh_lifetime))
    }

    /// Returns tokens with full lifetimes.
    pub(crate) fn pair(
        &self,
        (grant, generation): (usize, u64),
        access: String,
        refresh: Option<String>,
        now: i64,
    ) -> Pair {
        Pair {
            grant,
            generation,
            access,
            access_expires_ms: self.access_expiry(now),
            refresh,
            refresh_expires_ms: Some(self.refresh_expiry(now)),
        }
    }
}

/// Settings of the servers with refresh tokens.
impl<V: Vendor + AsMut<GrantSettings>> ServerBuilder<V> {
    /// Sets the lifetime of an access token; answers have it in whole seconds. Default: 7200
    /// seconds, or 3600 for a [`PrivateCloudServer`](crate::PrivateCloudServer).
    pub fn access_token_lifetime(mut self, life: Duration) -> Self {
        self.vendor.as_mut().access_lifetime = life;
        self
    }

    /// Sets the lifetime of a refresh token. Default: 30 days.
    pub fn refresh_token_lifetime(mut self, life: Duration) -> Self {
        self.vendor.as_mut().refresh_lifetime = life;
        self
    }

    /// Sets what a refresh does to the refresh token. Default: [`Rotation::SingleUse`].
    ///
    /// The answer of a [`QuectelEndUserServer`](crate::QuectelEndUserServer) always has a refresh
    /// token, as the vendor documents.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.vendor.as_mut().rotation = rotation;
        self
    }

    /// Sets what a refresh does to the previous access token. Default: it stays valid.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.as_mut().old_token = old_token;
        self
    }
}
