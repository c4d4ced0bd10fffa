//! OAuth 2.0 (RFC 6749), as specified and as real servers deviate from it.

mod builder;
mod clients;
mod codes;
mod invalid_grant;
mod issue;
mod logins;
mod product;
mod refresh;
mod rules;
mod service;

pub use codes::CodeRequest;
pub use invalid_grant::InvalidGrant;
pub use product::Product;
pub use rules::{ClientAuth, LoginAnswer, RefreshTokenExpiry};

use crate::server::{Server, ServerBuilder};
use rules::OAuth2;

/// A simulated OAuth 2.0 server.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::{Product, OAuth2Server, Rotation};
///
/// let sim = OAuth2Server::builder().product(Product::Spring).rotation(Rotation::Strict).start().await?;
/// let grant = sim.grant();
/// assert!(grant.refresh_token().is_some());
/// assert!(sim.token_url().ends_with("/api/v1/oauth2/token"));
/// # Ok(())
/// # }
/// ```
///
/// Grants: `refresh_token` (section 6), `client_credentials` (section 4.4), `authorization_code`
/// (section 4.1) with PKCE (RFC 7636, S256). Also introspection (RFC 7662), revocation (RFC 7009),
/// and the vendor's `userinfo`, which like the resource takes `Authorization: Bearer`.
///
/// Defaults: the token endpoint `/api/v1/oauth2/token`, the errors of BambooCloud, client
/// `sim-client` with secret `sim-secret` in a raw Basic header, access tokens of 7200 s, single-use
/// refresh tokens of 30 days, codes of 5 minutes.
pub type OAuth2Server = Server<OAuth2>;

/// The settings of an [`OAuth2Server`].
pub type OAuth2ServerBuilder = ServerBuilder<OAuth2>;

impl Server<OAuth2> {
    /// Returns the URL of the token endpoint.
    pub fn token_url(&self) -> String {
        self.url(&self.vendor().token_path)
    }

    /// Returns the URL of the authorization endpoint, which consents at once and redirects with a
    /// code.
    pub fn authorize_url(&self) -> String {
        self.url(&self.vendor().beside_token("authorize"))
    }

    /// Returns the URL of the introspection endpoint.
    pub fn introspect_url(&self) -> String {
        self.url(&self.vendor().beside_token("introspect"))
    }

    /// Returns the URL of the revocation endpoint.
    pub fn revoke_url(&self) -> String {
        self.url(&self.vendor().beside_token("revoke"))
    }

    /// Returns the URL of the vendor's user information, a second resource.
    pub fn userinfo_url(&self) -> String {
        self.url(&self.vendor().beside_token("userinfo"))
    }

    /// Returns the client that the server knows.
    pub fn client_id(&self) -> &str {
        &self.vendor().client_id
    }

    /// Returns the secret of that client.
    pub fn client_secret(&self) -> &str {
        &self.vendor().client_secret
    }

    /// Returns how many grants there are so far, from logins, codes and [`grant`](Self::grant).
    /// [`Exchange::grant`](crate::Exchange::grant) numbers them from 0.
    pub fn grant_count(&self) -> usize {
        self.change(|_, state| state.tokens.count())
    }

    /// Returns a one-time code without a request, as if the user had just consented.
    pub fn authorization_code(&self, request: CodeRequest) -> String {
        let now = self.clock().now_ms();
        self.change(|rules, state| state.more.codes.make(request, rules, now))
    }
}
