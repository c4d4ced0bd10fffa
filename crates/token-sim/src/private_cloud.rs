//! BabelBird private cloud: one-time codes, parameters in the URL, Basic.

mod refusals;
mod rules;
mod service;

use std::time::Duration;

pub use refusals::ErrorShape;

use crate::rotation::{OldToken, Rotation};
use crate::server::{Server, ServerBuilder};
use rules::PrivateCloud;

/// A simulated private cloud with `/api/authorize.do`, `/api/token.do` and `/api/refreshToken.do`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::PrivateCloudServer;
///
/// let sim = PrivateCloudServer::start().await?;
/// let code = sim.authorization_code("https://app.example.com/cb");
/// assert!(sim.token_url().ends_with("/api/token.do"));
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: the consent's redirect with `code` and the round-trip
/// value `data`; codes of 5 minutes, burnt by the first request that shows them, whatever its
/// outcome; POST with every parameter in the URL and none in the body; Basic with raw client id and
/// secret; 3600 s for an access token, 30 days for a refresh token; `Authorization: Bearer` at the
/// resource.
///
/// Guessed, since the documents are silent: the shape of a refusal ([`ErrorShape`]); that a refresh
/// token is of single use. Paths and field names differ by deployment, so all are settings.
///
/// Defaults: client `sim-client` with the secret `sim-secret`. A code presented while the account
/// is disabled is burnt.
pub type PrivateCloudServer = Server<PrivateCloud>;

/// The settings of a [`PrivateCloudServer`].
pub type PrivateCloudServerBuilder = ServerBuilder<PrivateCloud>;

impl Server<PrivateCloud> {
    /// Returns the URL of the consent page, which consents at once and redirects with a code.
    pub fn authorize_url(&self) -> String {
        self.url(&self.vendor().authorize_path)
    }

    /// Returns the URL that takes a code.
    pub fn token_url(&self) -> String {
        self.url(&self.vendor().token_path)
    }

    /// Returns the URL that takes a refresh token.
    pub fn refresh_url(&self) -> String {
        self.url(&self.vendor().refresh_path)
    }

    /// Returns the client that the server knows.
    pub fn client_id(&self) -> &str {
        &self.vendor().client_id
    }

    /// Returns the secret of that client.
    pub fn client_secret(&self) -> &str {
        &self.vendor().client_secret
    }

    /// Returns a one-time code for this redirect URI without a request, as if the user had just
    /// consented.
    pub fn authorization_code(&self, redirect_uri: &str) -> String {
        let now = self.clock().now_ms();
        self.change(|cloud, state| cloud.code(state, redirect_uri, now))
    }
}

impl ServerBuilder<PrivateCloud> {
    /// The one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.vendor.client_id);
        secret.clone_into(&mut self.vendor.client_secret);
        self
    }

    /// The path of the consent page; `/api/authorize.do`, unless told otherwise.
    pub fn authorize_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.authorize_path);
        self
    }

    /// The path that takes a code; `/api/token.do`, unless told otherwise.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.token_path);
        self
    }

    /// The path that takes a refresh token; `/api/refreshToken.do`, unless told otherwise.
    pub fn refresh_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.refresh_path);
        self
    }

    /// The field with the access token; `access_token`, unless told otherwise.
    pub fn access_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.access_field);
        self
    }

    /// The field with the refresh token; `refresh_token`, unless told otherwise.
    pub fn refresh_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.refresh_field);
        self
    }

    /// The field with the access token's life in seconds; `expires_in`, unless told otherwise.
    pub fn expires_in_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.life_field);
        self
    }

    /// How long an access token lives; told in whole seconds. 3600 s, unless told otherwise.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.vendor.access_life = life;
        self
    }

    /// How long a refresh token lives; 30 days, unless told otherwise.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.vendor.refresh_life = life;
        self
    }

    /// How long a code lives; 5 minutes, unless told otherwise.
    pub fn code_life(mut self, life: Duration) -> Self {
        self.vendor.code_life = life;
        self
    }

    /// What a refresh does to the refresh token; it is of single use, unless told otherwise.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.vendor.rotation = rotation;
        self
    }

    /// What a refresh does to the access token issued before; it lives, unless told otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.old_token = old_token;
        self
    }

    /// What a refusal looks like; as in RFC 6749, unless told otherwise.
    pub fn errors(mut self, shape: ErrorShape) -> Self {
        self.vendor.errors = shape;
        self
    }
}
