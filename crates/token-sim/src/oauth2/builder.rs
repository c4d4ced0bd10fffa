//! The settings of the OAuth 2.0 server.

use std::time::Duration;

use super::dead_grant::DeadGrant;
use super::flavour::Flavour;
use super::rules::{ClientAuth, LoginAnswer, OAuth2, RefreshTokenEnd};
use crate::rotation::{OldToken, Rotation};
use crate::server::ServerBuilder;

impl ServerBuilder<OAuth2> {
    /// The path of the token endpoint. The other endpoints lie beside it: `authorize`,
    /// `introspect`, `revoke`, `userinfo`.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.token_path);
        self
    }

    /// The one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.vendor.client_id);
        secret.clone_into(&mut self.vendor.client_secret);
        self
    }

    /// How that client must prove itself.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.vendor.client_auth = client_auth;
        self
    }

    /// Whose manners the server has. Sets also what belongs to them: [`Flavour::OneAccess`] expects
    /// the client's secret in the form; [`Flavour::Spring`] repeats the refresh token, drops the
    /// old access token, and answers client credentials with the living access token.
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.vendor.flavour = flavour;
        match flavour {
            Flavour::OneAccess => self.client_auth(ClientAuth::Post),
            Flavour::Spring => {
                let keeping = self.rotation(Rotation::Repeat).old_token(OldToken::Dies);
                keeping.login_answer(LoginAnswer::LivingToken)
            }
            Flavour::Rfc6749 | Flavour::BambooCloud => self,
        }
    }

    /// The scope that is granted, space-separated; a request for more is refused with
    /// `invalid_scope`.
    pub fn scope(mut self, scope: &str) -> Self {
        scope.clone_into(&mut self.vendor.scope);
        self
    }

    /// What a refresh does to the refresh token.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.vendor.rotation = rotation;
        self
    }

    /// What a refresh does to the access token issued before.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.old_token = old_token;
        self
    }

    /// How long an access token lives; told in whole seconds.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.vendor.access_life = life;
        self
    }

    /// How long a refresh token lives.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.vendor.refresh_life = life;
        self
    }

    /// When a refresh token ends; its life after it was issued, unless told otherwise.
    pub fn refresh_token_end(mut self, end: RefreshTokenEnd) -> Self {
        self.vendor.refresh_end = end;
        self
    }

    /// Tells in this field of each answer how many seconds the refresh token still lives:
    /// `refresh_expires_in`, `refresh_token_expires_in`. Not told, unless asked for.
    pub fn tell_refresh_token_life(mut self, field: &str) -> Self {
        self.vendor.refresh_life_field = Some(field.to_owned());
        self
    }

    /// What client credentials are answered with while their token lives; a new one, unless told
    /// otherwise.
    pub fn login_answer(mut self, answer: LoginAnswer) -> Self {
        self.vendor.login_answer = answer;
        self
    }

    /// Refuses a dead refresh token in these words instead of the flavour's.
    pub fn dead_grant(mut self, words: DeadGrant) -> Self {
        self.vendor.dead_grant = Some(words);
        self
    }

    /// Refuses at the token endpoint with this status, whatever the refusal: servers exist that
    /// refuse with 200.
    pub fn refusal_status(mut self, status: u16) -> Self {
        self.vendor.refusal_status = Some(status);
        self
    }

    /// How long a one-time code lives.
    pub fn code_life(mut self, life: Duration) -> Self {
        self.vendor.code_life = life;
        self
    }
}
