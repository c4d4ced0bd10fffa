//! BabelBird private cloud: one-time codes, parameters in the URL, Basic.

mod refusals;
mod rules;
mod service;

use std::time::Duration;

pub use refusals::ErrorShape;

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
/// value `data`; codes of 5 minutes, used up by the first request that presents them, whatever its
/// outcome; POST with every parameter in the URL and none in the body; Basic with raw client id and
/// secret; 3600 s for an access token, 30 days for a refresh token; `Authorization: Bearer` at the
/// resource.
///
/// Assumed, because the documents are silent: the format of a refusal ([`ErrorShape`]); single-use
/// refresh tokens. Paths and field names differ by deployment, so they are settings.
///
/// Defaults: client `sim-client` with the secret `sim-secret`. A code presented while the account
/// is disabled is used up.
pub type PrivateCloudServer = Server<PrivateCloud>;

/// The settings of a [`PrivateCloudServer`].
pub type PrivateCloudServerBuilder = ServerBuilder<PrivateCloud>;

impl Server<PrivateCloud> {
    /// Returns the URL of the consent page, which consents at once and redirects with a code.
    pub fn authorize_url(&self) -> String {
        self.url(&self.vendor().authorize_path)
    }

    /// Returns the URL that exchanges a code.
    pub fn token_url(&self) -> String {
        self.url(&self.vendor().token_path)
    }

    /// Returns the URL that exchanges a refresh token.
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
    /// Sets the one client that the server knows.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.vendor.client_id);
        secret.clone_into(&mut self.vendor.client_secret);
        self
    }

    /// Sets the path of the consent page. Default: `/api/authorize.do`.
    pub fn authorize_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.authorize_path);
        self
    }

    /// Sets the path that exchanges a code. Default: `/api/token.do`.
    pub fn token_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.token_path);
        self
    }

    /// Sets the path that exchanges a refresh token. Default: `/api/refreshToken.do`.
    pub fn refresh_path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.vendor.refresh_path);
        self
    }

    /// Sets the field with the access token. Default: `access_token`.
    pub fn access_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.access_field);
        self
    }

    /// Sets the field with the refresh token. Default: `refresh_token`.
    pub fn refresh_token_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.refresh_field);
        self
    }

    /// Sets the field with the access token's lifetime in seconds. Default: `expires_in`.
    pub fn expires_in_field(mut self, name: &str) -> Self {
        name.clone_into(&mut self.vendor.life_field);
        self
    }

    /// Sets the lifetime of a code. Default: 5 minutes.
    pub fn code_lifetime(mut self, life: Duration) -> Self {
        self.vendor.code_lifetime = life;
        self
    }

    /// Sets the format of a refusal. Default: as in RFC 6749.
    pub fn errors(mut self, shape: ErrorShape) -> Self {
        self.vendor.errors = shape;
        self
    }

    /// Sets the format of a refusal by the protected resource. Default: as in RFC 6749.
    pub fn api_errors(mut self, shape: ErrorShape) -> Self {
        self.vendor.api_errors = shape;
        self
    }
}
