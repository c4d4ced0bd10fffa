//! What the SaaS API is set to.

use std::time::Duration;

use crate::rotation::OldToken;

pub(super) const LOGIN: &str = "/v2/quecauth/accessKeyAuthrize/accessKeyLogin";
pub(super) const REFRESH: &str = "/v2/quecauth/accessKeyAuthrize/refreshToken";

/// The rules of a [`QuectelSaasServer`](crate::QuectelSaasServer).
#[expect(
    missing_debug_implementations,
    reason = "it has a secret, and cannot be named outside"
)]
pub struct QuectelSaas {
    pub(super) access_key: String,
    pub(super) access_secret: String,
    pub(super) life: Duration,
    pub(super) same_within: Duration,
    pub(super) repeated_life: RepeatedLife,
    pub(super) old_token: OldToken,
    pub(super) failure_status: u16,
}

/// What `expires_in` says when a token is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedLife {
    /// A full life, as in the vendor's samples, although the token ends earlier.
    Full,
    /// What is left.
    Remaining,
}

impl Default for QuectelSaas {
    fn default() -> Self {
        Self {
            access_key: "sim-access-key".to_owned(),
            access_secret: "sim-access-secret".to_owned(),
            life: Duration::from_secs(86_400),
            same_within: Duration::from_secs(30 * 60),
            repeated_life: RepeatedLife::Full,
            old_token: OldToken::Lives,
            failure_status: 200,
        }
    }
}
