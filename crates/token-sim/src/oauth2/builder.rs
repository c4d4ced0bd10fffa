//! The settings of the OAuth 2.0 server.

use std::time::Duration;

use super::invalid_grant::InvalidGrant;
use super::product::Product;
use super::rules::{ClientAuth, LoginAnswer, OAuth2, RefreshTokenExpiry};
use crate::rotation::{OldToken, Rotation};
use crate::server::ServerBuilder;

impl ServerBuilder<OAuth2> {
    /// Sets the path of the token endpoint. The other endpoints are next to it: `authorize`,
    /// `introspect`, `revoke`, `userinfo`.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.token_path);
        self
    }

    /// Sets the one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.vendor.client_id);
        secret.clone_into(&mut self.vendor.client_secret);
        self
    }

    /// Sets how that client must authenticate.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.vendor.client_auth = client_auth;
        self
    }

    /// Sets which product the server imitates, and the other settings that follow from that:
    /// [`Product::OneAccess`] expects the client's secret in the form; [`Product::Spring`] repeats
    /// the refresh token, revokes the old access token, and answers client credentials with a valid
    /// access token again.
    pub fn product(mut self, product: Product) -> Self {
        self.vendor.product = product;
        match product {
            Product::OneAccess => self.client_auth(ClientAuth::Post),
            Product::Spring => {
                let keeping = self.rotation(Rotation::Repeat).old_token(OldToken::Revoked);
                keeping.login_answer(LoginAnswer::CurrentToken)
            }
            Product::Rfc6749 | Product::BambooCloud => self,
        }
    }

    /// Sets the scope that is granted, space-separated; a request for more is refused with
    /// `invalid_scope`.
    pub fn scope(mut self, scope: &str) -> Self {
        scope.clone_into(&mut self.vendor.scope);
        self
    }

    /// Sets when a refresh token expires. Default: its lifetime counts from its issue.
    pub fn refresh_token_expiry(mut self, end: RefreshTokenExpiry) -> Self {
        self.vendor.refresh_end = end;
        self
    }

    /// Adds a field with the remaining lifetime of the refresh token, in seconds, to each answer:
    /// `refresh_expires_in`, `refresh_token_expires_in`. Default: no such field.
    pub fn refresh_expires_in_field(mut self, field: &str) -> Self {
        self.vendor.refresh_life_field = Some(field.to_owned());
        self
    }

    /// Sets the answer to client credentials while their token is valid. Default: a new token.
    pub fn login_answer(mut self, answer: LoginAnswer) -> Self {
        self.vendor.login_answer = answer;
        self
    }

    /// Sets the error for an invalid refresh token. Default: the product's.
    pub fn invalid_grant(mut self, error: InvalidGrant) -> Self {
        self.vendor.invalid_grant = Some(error);
        self
    }

    /// Sets the status of every refusal at the token endpoint: some servers refuse with 200.
    pub fn refusal_status(mut self, status: u16) -> Self {
        self.vendor.refusal_status = Some(status);
        self
    }

    /// Sets the lifetime of a one-time code.
    pub fn code_lifetime(mut self, life: Duration) -> Self {
        self.vendor.code_lifetime = life;
        self
    }
}
