//! Settings of the private cloud, which differ by deployment.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::PrivateCloud;
use super::refusals::ErrorShape;
use super::server::Server;
use crate::rotation::{OldToken, Rotation};
use crate::simulation::{Setting, Simulation, shared_settings};

/// Settings of a [`PrivateCloud`] server.
#[must_use = "a builder does nothing until `start`"]
pub struct PrivateCloudBuilder {
    setting: Setting,
    rules: Rules,
}

/// What the server goes by.
pub(super) struct Rules {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) authorize_path: String,
    pub(super) token_path: String,
    pub(super) refresh_path: String,
    pub(super) access_field: String,
    pub(super) refresh_field: String,
    pub(super) life_field: String,
    pub(super) access_life: Duration,
    pub(super) refresh_life: Duration,
    pub(super) code_life: Duration,
    pub(super) rotation: Rotation,
    pub(super) old_token: OldToken,
    pub(super) errors: ErrorShape,
}

impl PrivateCloudBuilder {
    shared_settings!();

    /// The one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.rules.client_id);
        secret.clone_into(&mut self.rules.client_secret);
        self
    }

    /// The path of the consent page; `/api/authorize.do`, unless told otherwise.
    pub fn authorize_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.rules.authorize_path);
        self
    }

    /// The path that takes a code; `/api/token.do`, unless told otherwise.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.rules.token_path);
        self
    }

    /// The path that takes a refresh token; `/api/refreshToken.do`, unless told otherwise.
    pub fn refresh_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.rules.refresh_path);
        self
    }

    /// The field with the access token; `access_token`, unless told otherwise.
    pub fn access_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.rules.access_field);
        self
    }

    /// The field with the refresh token; `refresh_token`, unless told otherwise.
    pub fn refresh_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.rules.refresh_field);
        self
    }

    /// The field with the access token's life in seconds; `expires_in`, unless told otherwise.
    pub fn expires_in_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.rules.life_field);
        self
    }

    /// How long an access token lives; told in whole seconds. 3600 s, unless told otherwise.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.rules.access_life = life;
        self
    }

    /// How long a refresh token lives; 30 days, unless told otherwise.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.rules.refresh_life = life;
        self
    }

    /// How long a code lives; 5 minutes, unless told otherwise.
    pub fn code_life(mut self, life: Duration) -> Self {
        self.rules.code_life = life;
        self
    }

    /// What a refresh does to the refresh token; it is of single use, unless told otherwise.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rules.rotation = rotation;
        self
    }

    /// What a refresh does to the access token issued before; it lives, unless told otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.rules.old_token = old_token;
        self
    }

    /// What a refusal looks like; as in RFC 6749, unless told otherwise.
    pub fn errors(mut self, shape: ErrorShape) -> Self {
        self.rules.errors = shape;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start(self) -> io::Result<PrivateCloud> {
        let server = Arc::new(Server::new(self.rules));
        let simulation = Simulation::start(Arc::clone(&server), self.setting).await?;
        Ok(PrivateCloud { simulation, server })
    }
}

impl Default for PrivateCloudBuilder {
    fn default() -> Self {
        let rules = Rules {
            client_id: "sim-client".to_owned(),
            client_secret: "sim-secret".to_owned(),
            authorize_path: "/api/authorize.do".to_owned(),
            token_path: "/api/token.do".to_owned(),
            refresh_path: "/api/refreshToken.do".to_owned(),
            access_field: "access_token".to_owned(),
            refresh_field: "refresh_token".to_owned(),
            life_field: "expires_in".to_owned(),
            access_life: Duration::from_secs(3600),
            refresh_life: Duration::from_secs(30 * 86_400),
            code_life: Duration::from_secs(300),
            rotation: Rotation::SingleUse,
            old_token: OldToken::Lives,
            errors: ErrorShape::OAuth,
        };
        Self {
            setting: Setting::default(),
            rules,
        }
    }
}

impl fmt::Debug for PrivateCloudBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCloudBuilder")
            .field("errors", &self.rules.errors)
            .finish_non_exhaustive()
    }
}
