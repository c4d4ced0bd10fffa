//! The rules of an EnOS server.

use std::time::Duration;

use crate::rotation::OldToken;

pub(super) const GET: &str = "/apim-token-service/v2.0/token/get";
pub(super) const REFRESH: &str = "/apim-token-service/v2.0/token/refresh";

/// The rules of an [`EnosServer`](crate::EnosServer).
#[expect(
    missing_debug_implementations,
    reason = "it holds a secret, and is not exported"
)]
pub struct Enos {
    pub(super) app_key: String,
    pub(super) app_secret: String,
    pub(super) life: Duration,
    pub(super) tolerance: Duration,
    pub(super) spelling: StatusSpelling,
    pub(super) old_token: OldToken,
}

/// The spelling of the field with the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSpelling {
    /// As in the vendor's documents: `stauts` in the answer to a successful `get`, whose sample has
    /// it; `status` in the answer to a `refresh` and in every refusal.
    AsInSamples,
    /// `status`, as in the tables.
    Status,
    /// `stauts` everywhere, in refusals too.
    Stauts,
}

impl Default for Enos {
    fn default() -> Self {
        Self {
            app_key: "sim-app-key".to_owned(),
            app_secret: "sim-app-secret".to_owned(),
            life: Duration::from_secs(7200),
            tolerance: Duration::from_secs(600),
            spelling: StatusSpelling::AsInSamples,
            old_token: OldToken::Revoked,
        }
    }
}
