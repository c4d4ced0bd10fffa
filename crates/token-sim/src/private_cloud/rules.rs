//! The rules of a private cloud; deployments differ.

use std::time::Duration;

use super::refusals::ErrorShape;
use crate::grant_settings::GrantSettings;

/// The rules of a [`PrivateCloudServer`](crate::PrivateCloudServer).
#[expect(
    missing_debug_implementations,
    reason = "it holds a secret, and is not exported"
)]
pub struct PrivateCloud {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) authorize_path: String,
    pub(super) token_path: String,
    pub(super) refresh_path: String,
    pub(super) access_field: String,
    pub(super) refresh_field: String,
    pub(super) life_field: String,
    pub(super) code_lifetime: Duration,
    pub(super) grants: GrantSettings,
    pub(super) errors: ErrorShape,
    pub(super) api_errors: ErrorShape,
}

impl Default for PrivateCloud {
    fn default() -> Self {
        Self {
            client_id: "sim-client".to_owned(),
            client_secret: "sim-secret".to_owned(),
            authorize_path: "/api/authorize.do".to_owned(),
            token_path: "/api/token.do".to_owned(),
            refresh_path: "/api/refreshToken.do".to_owned(),
            access_field: "access_token".to_owned(),
            refresh_field: "refresh_token".to_owned(),
            life_field: "expires_in".to_owned(),
            code_lifetime: Duration::from_secs(300),
            grants: GrantSettings::with_access_lifetime(3600),
            errors: ErrorShape::OAuth,
            api_errors: ErrorShape::OAuth,
        }
    }
}

impl AsMut<GrantSettings> for PrivateCloud {
    fn as_mut(&mut self) -> &mut GrantSettings {
        &mut self.grants
    }
}
