//! BabelBird private cloud: one-time codes, parameters in the URL, Basic.

mod builder;
mod refusals;
mod server;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use crate::issued::Issued;
use crate::simulation::Simulation;
pub use builder::PrivateCloudBuilder;
pub use refusals::ErrorShape;
use server::Server;

/// A simulated private cloud with `/api/authorize.do`, `/api/token.do` and `/api/refreshToken.do`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sim = token_sim::PrivateCloud::start().await?;
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
pub struct PrivateCloud {
    simulation: Simulation,
    server: Arc<Server>,
}

impl PrivateCloud {
    /// Starts a server with the defaults: client `sim-client`, secret `sim-secret`.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> PrivateCloudBuilder {
        PrivateCloudBuilder::default()
    }

    /// The address of the consent page, which consents at once and redirects with a code.
    pub fn authorize_url(&self) -> String {
        self.url(&self.server.rules.authorize_path)
    }

    /// The address that takes a code.
    pub fn token_url(&self) -> String {
        self.url(&self.server.rules.token_path)
    }

    /// The address that takes a refresh token.
    pub fn refresh_url(&self) -> String {
        self.url(&self.server.rules.refresh_path)
    }

    /// The client that the server knows.
    pub fn client_id(&self) -> &str {
        &self.server.rules.client_id
    }

    /// The secret of that client.
    pub fn client_secret(&self) -> &str {
        &self.server.rules.client_secret
    }

    /// Opens a grant without a request, as if a code had been redeemed earlier.
    pub fn grant(&self) -> Issued {
        self.server.grant(self.clock().now_ms())
    }

    /// Makes a one-time code for this redirect address without a request, as if the user had just
    /// consented.
    pub fn authorization_code(&self, redirect_uri: &str) -> String {
        self.server.code(redirect_uri, self.clock().now_ms())
    }

    /// Refuses all access tokens that live now; refresh tokens still work.
    pub fn revoke_access_token(&self) {
        self.server.revoke_access();
    }

    /// Refuses all refresh tokens that live now; access tokens still work.
    pub fn kill_grant(&self) {
        self.server.revoke_refresh();
    }

    /// Refuses every token and every exchange until the account is enabled again. A code shown
    /// meanwhile is burnt.
    pub fn disable_account(&self) {
        self.server.set_disabled(true);
    }

    /// Ends [`disable_account`](Self::disable_account).
    pub fn enable_account(&self) {
        self.server.set_disabled(false);
    }
}

impl Deref for PrivateCloud {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl fmt::Debug for PrivateCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCloud")
            .field("simulation", &self.simulation)
            .finish_non_exhaustive()
    }
}
