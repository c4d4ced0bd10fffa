//! The rules of the SaaS API.

use std::time::Duration;

use crate::rotation::OldToken;
use crate::vendor::Refusal;

pub(super) const LOGIN: &str = "/v2/quecauth/accessKeyAuthrize/accessKeyLogin";
pub(super) const REFRESH: &str = "/v2/quecauth/accessKeyAuthrize/refreshToken";

/// The rules of a [`QuectelSaasServer`](crate::QuectelSaasServer).
#[expect(
    missing_debug_implementations,
    reason = "it holds a secret, and is not exported"
)]
pub struct QuectelSaas {
    pub(super) access_key: String,
    pub(super) access_secret: String,
    pub(super) life: Duration,
    pub(super) same_within: Duration,
    pub(super) repeated_lifetime: RepeatedLifetime,
    pub(super) old_token: OldToken,
    pub(super) failure_status: u16,
    pub(super) refused_token: RefusedToken,
}

/// The `expires_in` of a token that is returned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedLifetime {
    /// A full lifetime, as in the vendor's samples, although the token expires earlier.
    Full,
    /// The remaining lifetime.
    Remaining,
}

/// The code with which the protected resource refuses a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedToken {
    /// 401, from the table of "OpenAPI Access Instructions".
    Unauthorized,
    /// 91001, from the pages of the APIs.
    DoesNotExist,
    /// 91004, from the pages of the APIs.
    Incorrect,
}

impl RefusedToken {
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Unauthorized => Refusal(401, "Unauthorized"),
            Self::DoesNotExist => Refusal(91_001, "Token does not exist"),
            Self::Incorrect => Refusal(91_004, "Token incorrect"),
        }
    }
}

impl Default for QuectelSaas {
    fn default() -> Self {
        Self {
            access_key: "sim-access-key".to_owned(),
            access_secret: "sim-access-secret".to_owned(),
            life: Duration::from_secs(86_400),
            same_within: Duration::from_secs(30 * 60),
            repeated_lifetime: RepeatedLifetime::Full,
            old_token: OldToken::StaysValid,
            failure_status: 200,
            refused_token: RefusedToken::Unauthorized,
        }
    }
}
