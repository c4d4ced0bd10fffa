//! The rules of an OAuth 2.0 server.

use std::time::Duration;

use super::invalid_grant::InvalidGrant;
use super::product::Product;
use crate::grant_settings::GrantSettings;

/// The rules of an [`OAuth2Server`](crate::OAuth2Server).
#[expect(
    missing_debug_implementations,
    reason = "it holds a secret, and is not exported"
)]
pub struct OAuth2 {
    pub(super) token_path: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) client_auth: ClientAuth,
    pub(super) product: Product,
    pub(super) scope: String,
    pub(super) grants: GrantSettings,
    pub(super) refresh_end: RefreshTokenExpiry,
    pub(super) refresh_life_field: Option<String>,
    pub(super) login_answer: LoginAnswer,
    pub(super) invalid_grant: Option<InvalidGrant>,
    pub(super) refusal_status: Option<u16>,
    pub(super) code_lifetime: Duration,
}

/// How the client must authenticate at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic base64(id:secret)`, the parts unencoded: what the vendors document.
    BasicRaw,
    /// The same with both parts form-encoded first, as RFC 6749 section 2.3.1 requires.
    BasicEncoded,
    /// `client_id` and `client_secret` in the form.
    Post,
    /// A public client: `client_id` in the form, and no `Authorization` header.
    Public,
}

/// The answer to client credentials while their access token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    /// A new access token each time.
    NewToken,
    /// The valid access token again, with its remaining seconds in `expires_in`, as Spring Security
    /// OAuth2 does. In its last second that is 0.
    CurrentToken,
}

/// When a refresh token expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenExpiry {
    /// A lifetime after it was issued: a kept token has a fixed expiry, rotation extends it.
    AfterIssue,
    /// A lifetime after its last use, kept or not.
    Sliding,
    /// A lifetime after the grant began, kept or not: each answer leaves less of it.
    Fixed,
}

impl OAuth2 {
    /// Returns a path next to the token endpoint: `…/oauth2/token` has `…/oauth2/revoke`.
    pub(super) fn beside_token(&self, name: &str) -> String {
        let parent = self
            .token_path
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        format!("{parent}/{name}")
    }
}

impl Default for OAuth2 {
    fn default() -> Self {
        Self {
            token_path: "/api/v1/oauth2/token".to_owned(),
            client_id: "sim-client".to_owned(),
            client_secret: "sim-secret".to_owned(),
            client_auth: ClientAuth::BasicRaw,
            product: Product::BambooCloud,
            scope: "get_user_info".to_owned(),
            grants: GrantSettings::with_access_lifetime(7200),
            refresh_end: RefreshTokenExpiry::AfterIssue,
            refresh_life_field: None,
            login_answer: LoginAnswer::NewToken,
            invalid_grant: None,
            refusal_status: None,
            code_lifetime: Duration::from_secs(300),
        }
    }
}

impl AsMut<GrantSettings> for OAuth2 {
    fn as_mut(&mut self) -> &mut GrantSettings {
        &mut self.grants
    }
}
