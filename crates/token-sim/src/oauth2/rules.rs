//! What an OAuth 2.0 server is set to.

use std::time::Duration;

use super::dead_grant::DeadGrant;
use super::flavour::Flavour;
use crate::rotation::{OldToken, Rotation};

/// The rules of an [`OAuth2Server`](crate::OAuth2Server).
#[expect(
    missing_debug_implementations,
    reason = "it has a secret, and cannot be named outside"
)]
pub struct OAuth2 {
    pub(super) token_path: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) client_auth: ClientAuth,
    pub(super) flavour: Flavour,
    pub(super) scope: String,
    pub(super) rotation: Rotation,
    pub(super) old_token: OldToken,
    pub(super) access_life: Duration,
    pub(super) refresh_life: Duration,
    pub(super) refresh_end: RefreshTokenEnd,
    pub(super) refresh_life_field: Option<String>,
    pub(super) login_answer: LoginAnswer,
    pub(super) dead_grant: Option<DeadGrant>,
    pub(super) refusal_status: Option<u16>,
    pub(super) code_life: Duration,
}

/// How the client must prove itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic base64(id:secret)`, the parts as they are: what the vendors document.
    BasicRaw,
    /// The same with both parts form-encoded first, as RFC 6749 section 2.3.1 asks.
    BasicEncoded,
    /// `client_id` and `client_secret` in the form.
    Post,
    /// A public client: `client_id` in the form, and no `Authorization` header.
    Public,
}

/// What client credentials are answered with while the access token that they got before lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    /// A new access token each time.
    NewToken,
    /// The living access token again, with the seconds that are left of it in `expires_in`, until
    /// its end: what Spring Security OAuth2 does. In its last second that is 0.
    LivingToken,
}

/// When a refresh token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenEnd {
    /// A refresh token's life after it was issued: one that is kept has a fixed end, rotation moves
    /// it.
    AfterIssue,
    /// A refresh token's life after its last use, kept or not.
    Sliding,
    /// A refresh token's life after the grant began, kept or not: each answer brings an earlier
    /// end.
    Fixed,
}

impl OAuth2 {
    /// A path beside the token endpoint: `…/oauth2/token` has `…/oauth2/revoke`.
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
            flavour: Flavour::BambooCloud,
            scope: "get_user_info".to_owned(),
            rotation: Rotation::SingleUse,
            old_token: OldToken::Lives,
            access_life: Duration::from_secs(7200),
            refresh_life: Duration::from_secs(30 * 86_400),
            refresh_end: RefreshTokenEnd::AfterIssue,
            refresh_life_field: None,
            login_answer: LoginAnswer::NewToken,
            dead_grant: None,
            refusal_status: None,
            code_life: Duration::from_secs(300),
        }
    }
}
