//! Settings of the OAuth 2.0 server.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::OAuth2;
use super::clients::ClientAuth;
use super::dead_grant::DeadGrant;
use super::flavour::Flavour;
use super::lives::{LoginAnswer, RefreshTokenEnd};
use super::server::Server;
use crate::rotation::{OldToken, Rotation};
use crate::simulation::{Setting, Simulation, shared_settings};

/// Settings of an [`OAuth2`] server.
#[must_use = "a builder does nothing until `start`"]
pub struct OAuth2Builder {
    setting: Setting,
    rules: Rules,
}

/// What the server goes by.
pub(super) struct Rules {
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

impl Rules {
    /// A path beside the token endpoint: `…/oauth2/token` has `…/oauth2/revoke`.
    pub(super) fn beside_token(&self, name: &str) -> String {
        let parent = self
            .token_path
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        format!("{parent}/{name}")
    }
}

impl OAuth2Builder {
    shared_settings!();

    /// The path of the token endpoint. The other endpoints lie beside it: `authorize`,
    /// `introspect`, `revoke`, `userinfo`.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.rules.token_path);
        self
    }

    /// The one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.rules.client_id);
        secret.clone_into(&mut self.rules.client_secret);
        self
    }

    /// How that client must prove itself.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.rules.client_auth = client_auth;
        self
    }

    /// Whose manners the server has. Sets also what belongs to them: [`Flavour::OneAccess`] expects
    /// the client's secret in the form; [`Flavour::Spring`] repeats the refresh token, drops the
    /// old access token, and answers client credentials with the living access token.
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.rules.flavour = flavour;
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
        scope.clone_into(&mut self.rules.scope);
        self
    }

    /// What a refresh does to the refresh token.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rules.rotation = rotation;
        self
    }

    /// What a refresh does to the access token issued before.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.rules.old_token = old_token;
        self
    }

    /// How long an access token lives; told in whole seconds.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.rules.access_life = life;
        self
    }

    /// How long a refresh token lives.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.rules.refresh_life = life;
        self
    }

    /// When a refresh token ends; its life after it was issued, unless told otherwise.
    pub fn refresh_token_end(mut self, end: RefreshTokenEnd) -> Self {
        self.rules.refresh_end = end;
        self
    }

    /// Tells in this field of each answer how many seconds the refresh token still lives:
    /// `refresh_expires_in`, `refresh_token_expires_in`. Not told, unless asked for.
    pub fn tell_refresh_token_life(mut self, field: &str) -> Self {
        self.rules.refresh_life_field = Some(field.to_owned());
        self
    }

    /// What client credentials are answered with while their token lives; a new one, unless told
    /// otherwise.
    pub fn login_answer(mut self, answer: LoginAnswer) -> Self {
        self.rules.login_answer = answer;
        self
    }

    /// Refuses a dead refresh token in these words instead of the flavour's.
    pub fn dead_grant(mut self, words: DeadGrant) -> Self {
        self.rules.dead_grant = Some(words);
        self
    }

    /// Refuses at the token endpoint with this status, whatever the refusal: servers exist that
    /// refuse with 200.
    pub fn refusal_status(mut self, status: u16) -> Self {
        self.rules.refusal_status = Some(status);
        self
    }

    /// How long a one-time code lives.
    pub fn code_life(mut self, life: Duration) -> Self {
        self.rules.code_life = life;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start(self) -> io::Result<OAuth2> {
        let server = Arc::new(Server::new(self.rules));
        let simulation = Simulation::start(Arc::clone(&server), self.setting).await?;
        Ok(OAuth2 { simulation, server })
    }
}

impl Default for OAuth2Builder {
    fn default() -> Self {
        let rules = Rules {
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
        };
        Self {
            setting: Setting::default(),
            rules,
        }
    }
}

impl fmt::Debug for OAuth2Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Builder")
            .field("token_path", &self.rules.token_path)
            .finish_non_exhaustive()
    }
}
