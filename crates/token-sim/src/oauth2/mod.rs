//! OAuth 2.0 (RFC 6749), as the documents have it and as real servers speak it.

mod builder;
mod clients;
mod consent;
mod dead_grant;
mod flavour;
mod lives;
mod logins;
mod served;
mod server;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

pub use builder::OAuth2Builder;
pub use clients::ClientAuth;
pub use consent::CodeRequest;
pub use dead_grant::DeadGrant;
pub use flavour::Flavour;
pub use lives::{LoginAnswer, RefreshTokenEnd};

use crate::issued::Issued;
use crate::simulation::Simulation;
use server::Server;

/// A simulated OAuth 2.0 server, `/api/v1/oauth2/token` unless told otherwise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::{Flavour, OAuth2, Rotation};
///
/// let sim = OAuth2::builder().flavour(Flavour::Spring).rotation(Rotation::Strict).start().await?;
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
/// Defaults: the BambooCloud flavour, client `sim-client` with secret `sim-secret` in a raw Basic
/// header, access tokens of 7200 s, refresh tokens of 30 days, codes of 5 minutes, refresh tokens
/// of single use.
pub struct OAuth2 {
    simulation: Simulation,
    server: Arc<Server>,
}

impl OAuth2 {
    /// Starts a server with the defaults.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> OAuth2Builder {
        OAuth2Builder::default()
    }

    /// The address of the token endpoint.
    pub fn token_url(&self) -> String {
        self.url(&self.server.rules.token_path)
    }

    /// The address of the authorization endpoint, which consents at once and redirects with a code.
    pub fn authorize_url(&self) -> String {
        self.url(&self.server.rules.beside_token("authorize"))
    }

    /// The address of the introspection endpoint.
    pub fn introspect_url(&self) -> String {
        self.url(&self.server.rules.beside_token("introspect"))
    }

    /// The address of the revocation endpoint.
    pub fn revoke_url(&self) -> String {
        self.url(&self.server.rules.beside_token("revoke"))
    }

    /// The address of the vendor's user information, a second resource.
    pub fn userinfo_url(&self) -> String {
        self.url(&self.server.rules.beside_token("userinfo"))
    }

    /// The client that the server knows.
    pub fn client_id(&self) -> &str {
        &self.server.rules.client_id
    }

    /// The secret of that client.
    pub fn client_secret(&self) -> &str {
        &self.server.rules.client_secret
    }

    /// Opens a grant without a request, as if a user had logged in earlier: an access and a refresh
    /// token of generation 1.
    pub fn grant(&self) -> Issued {
        self.server.grant(self.clock().now_ms())
    }

    /// How many grants were opened so far: by logins, by codes, by [`grant`](Self::grant). They
    /// count from 0 in [`Exchange::grant`](crate::Exchange::grant).
    pub fn grant_count(&self) -> usize {
        self.server.state().grants.count()
    }

    /// Makes a one-time code without a request, as if the user had just consented.
    pub fn authorization_code(&self, request: CodeRequest) -> String {
        self.server.code(request, self.clock().now_ms())
    }

    /// Refuses all access tokens that live now; refresh tokens still work.
    pub fn revoke_access_token(&self) {
        self.server.revoke_access();
    }

    /// Refuses all refresh tokens that live now, with `invalid_grant`; access tokens still work.
    pub fn kill_grant(&self) {
        self.server.revoke_refresh();
    }

    /// Refuses every token and every exchange until the account is enabled again.
    pub fn disable_account(&self) {
        self.server.set_disabled(true);
    }

    /// Ends [`disable_account`](Self::disable_account).
    pub fn enable_account(&self) {
        self.server.set_disabled(false);
    }
}

impl Deref for OAuth2 {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2")
            .field("simulation", &self.simulation)
            .finish_non_exhaustive()
    }
}
