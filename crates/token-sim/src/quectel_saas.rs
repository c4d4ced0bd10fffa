//! Quectel / Acceleronix SaaS API: access key login and refresh.

mod server;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::issued::Issued;
use crate::rotation::OldToken;
use crate::simulation::{Setting, Simulation, shared_settings};
use server::{Rules, Server};

/// A simulated Quectel SaaS API.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sim = token_sim::QuectelSaas::builder().access_key("my-key", "my-secret").start().await?;
/// assert!(sim.login_url().ends_with("/v2/quecauth/accessKeyAuthrize/accessKeyLogin"));
/// assert!(sim.issue().access_token().starts_with("QJWT "));
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: the user name's fields in any order, a timestamp
/// within 10 minutes of the clock, the password `sha256(user name + secret)` in lower-case
/// hexadecimal, HTTP GET or POST with everything in the query, tokens that hold their scheme
/// (`QJWT …`), the same token again when it was created or refreshed less than 30 minutes ago, and
/// a disabled key: the refresh fails and the token that was to be refreshed dies.
///
/// Guessed, since the documents are silent: failures come with HTTP 200; a wrong password, and a
/// dead or unknown token, are code 401; a bad timestamp or a missing parameter is 50005; a disabled
/// key is 90047; an expired token cannot be refreshed; the old token lives on after a refresh.
pub struct QuectelSaas {
    simulation: Simulation,
    server: Arc<Server>,
}

impl QuectelSaas {
    /// Starts a server with the defaults: access key `sim-access-key`, secret `sim-access-secret`.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> QuectelSaasBuilder {
        QuectelSaasBuilder::default()
    }

    /// The address of `accessKeyLogin`.
    pub fn login_url(&self) -> String {
        self.url(server::LOGIN)
    }

    /// The address of `refreshToken`.
    pub fn refresh_url(&self) -> String {
        self.url(server::REFRESH)
    }

    /// The access key that the server knows.
    pub fn access_key(&self) -> &str {
        &self.server.rules.access_key
    }

    /// The secret of that key.
    pub fn access_secret(&self) -> &str {
        &self.server.rules.access_secret
    }

    /// Makes a token without a request, as if somebody had logged in. The access token is the
    /// refresh token.
    pub fn issue(&self) -> Issued {
        self.server.issue(self.clock().now_ms())
    }

    /// Refuses all tokens that live now, at the resource and for refreshing; a login still works.
    pub fn revoke_access_token(&self) {
        self.server.kill_all();
    }

    /// The same as [`revoke_access_token`](Self::revoke_access_token): this vendor has no other
    /// refresh token.
    pub fn kill_grant(&self) {
        self.server.kill_all();
    }

    /// Disables the access key: login and refresh are refused with 90047, and a refresh kills the
    /// token it presents. A token that is not presented for refreshing lives on.
    pub fn disable_account(&self) {
        self.server.set_disabled(true);
    }

    /// Ends [`disable_account`](Self::disable_account). Tokens that died stay dead.
    pub fn enable_account(&self) {
        self.server.set_disabled(false);
    }
}

impl Deref for QuectelSaas {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl fmt::Debug for QuectelSaas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuectelSaas")
            .field("simulation", &self.simulation)
            .finish_non_exhaustive()
    }
}

/// What `expires_in` says when a token is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedLife {
    /// A full life, as in the vendor's samples, although the token ends earlier.
    Full,
    /// What is left.
    Remaining,
}

/// Settings of a [`QuectelSaas`] server.
#[must_use = "a builder does nothing until `start`"]
pub struct QuectelSaasBuilder {
    setting: Setting,
    rules: Rules,
}

impl QuectelSaasBuilder {
    shared_settings!();

    /// The one access key that the server knows.
    pub fn access_key(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.rules.access_key);
        secret.clone_into(&mut self.rules.access_secret);
        self
    }

    /// How long a token lives; 86,400 s, unless told otherwise.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.rules.life = life;
        self
    }

    /// How young a token must be to be given again by a refresh; 30 minutes, unless told otherwise.
    pub fn same_token_within(mut self, age: Duration) -> Self {
        self.rules.same_within = age;
        self
    }

    /// What `expires_in` says of a token given again; a full life, unless told otherwise.
    pub fn repeated_life(mut self, repeated: RepeatedLife) -> Self {
        self.rules.repeated_life = repeated;
        self
    }

    /// What becomes of the old token when a refresh gives a new one; it lives, unless told
    /// otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.rules.old_token = old_token;
        self
    }

    /// The HTTP status of refusals; 200, unless told otherwise.
    pub fn failure_status(mut self, status: u16) -> Self {
        self.rules.failure_status = status;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start(self) -> io::Result<QuectelSaas> {
        let server = Arc::new(Server::new(self.rules));
        let simulation = Simulation::start(Arc::clone(&server), self.setting).await?;
        Ok(QuectelSaas { simulation, server })
    }
}

impl Default for QuectelSaasBuilder {
    fn default() -> Self {
        let rules = Rules {
            access_key: "sim-access-key".to_owned(),
            access_secret: "sim-access-secret".to_owned(),
            life: Duration::from_secs(86_400),
            same_within: Duration::from_secs(30 * 60),
            repeated_life: RepeatedLife::Full,
            old_token: OldToken::Lives,
            failure_status: 200,
        };
        Self {
            setting: Setting::default(),
            rules,
        }
    }
}

impl fmt::Debug for QuectelSaasBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuectelSaasBuilder")
            .field("life", &self.rules.life)
            .finish_non_exhaustive()
    }
}
