//! EnOS APIM: hashed bodies, one living token per application, signed requests.

mod requests;
mod server;
mod signature;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::issued::Issued;
use crate::rotation::OldToken;
use crate::simulation::{Setting, Simulation, shared_settings};
use server::{Rules, Server};

/// A simulated EnOS API management.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sim = token_sim::EnosApim::builder().app("app-key-1", "app-secret-1").start().await?;
/// assert!(sim.get_url().ends_with("/apim-token-service/v2.0/token/get"));
/// assert_eq!(sim.app_key(), "app-key-1");
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: `encryption = sha256(appKey + timestamp + appSecret)`
/// in lower-case hexadecimal, for `get` and `refresh` alike; 1001 for an encryption that was seen
/// before, 1002 for an unknown application, 1003 for a wrong hash, 1004 for an invalid parameter,
/// 1202 for an empty one, 1203 for an expired token and 1204 for one that cannot be refreshed;
/// `get` gives the living token again with what is left of its life.
///
/// The protected resource checks `apim-accesstoken`, `apim-timestamp` and
/// `apim-signature = sha256(accessToken + sorted query + exact body + timestamp + appSecret)`; a
/// multipart upload needs the token alone.
///
/// Guessed, since the documents are silent: failures come with HTTP 200 and `data: null`; a
/// timestamp may be a number or text; one further than 10 minutes from the clock is 1003, or 497 at
/// the resource; a refresh kills the old token.
pub struct EnosApim {
    simulation: Simulation,
    server: Arc<Server>,
}

impl EnosApim {
    /// Starts a server with the defaults: application `sim-app-key`, secret `sim-app-secret`.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> EnosApimBuilder {
        EnosApimBuilder::default()
    }

    /// The address of `token/get`.
    pub fn get_url(&self) -> String {
        self.url(server::GET)
    }

    /// The address of `token/refresh`.
    pub fn refresh_url(&self) -> String {
        self.url(server::REFRESH)
    }

    /// The application key that the server knows.
    pub fn app_key(&self) -> &str {
        &self.server.rules.app_key
    }

    /// The secret of that application.
    pub fn app_secret(&self) -> &str {
        &self.server.rules.app_secret
    }

    /// Makes the application's token without a request, or gives the living one.
    pub fn issue(&self) -> Issued {
        self.server.issue(self.clock().now_ms())
    }

    /// Refuses the token that lives now: 401 at the resource, 1204 for a refresh; a `get` makes a
    /// new one.
    pub fn revoke_access_token(&self) {
        self.server.kill_all();
    }

    /// The same as [`revoke_access_token`](Self::revoke_access_token): this vendor has no other
    /// refresh token.
    pub fn kill_grant(&self) {
        self.server.kill_all();
    }

    /// Makes the application unknown: 1002 for `get` and `refresh`, 401 at the resource.
    pub fn disable_account(&self) {
        self.server.set_disabled(true);
    }

    /// Ends [`disable_account`](Self::disable_account).
    pub fn enable_account(&self) {
        self.server.set_disabled(false);
    }
}

impl Deref for EnosApim {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl fmt::Debug for EnosApim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnosApim")
            .field("simulation", &self.simulation)
            .finish_non_exhaustive()
    }
}

/// How the field with the status is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSpelling {
    /// As in the vendor's documents: `stauts` where the one sample has it, in the answer to a `get`
    /// that succeeds; `status` in the answer to a `refresh` and in every refusal.
    AsInSamples,
    /// `status`, as in the tables.
    Status,
    /// `stauts` everywhere, in refusals too.
    Stauts,
}

/// Settings of an [`EnosApim`] server.
#[must_use = "a builder does nothing until `start`"]
pub struct EnosApimBuilder {
    setting: Setting,
    rules: Rules,
}

impl EnosApimBuilder {
    shared_settings!();

    /// The one application that the server knows.
    pub fn app(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.rules.app_key);
        secret.clone_into(&mut self.rules.app_secret);
        self
    }

    /// How long a token lives; 7200 s, unless told otherwise.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.rules.life = life;
        self
    }

    /// How far a timestamp may be from the clock; 10 minutes, unless told otherwise.
    pub fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.rules.tolerance = tolerance;
        self
    }

    /// How the status field is spelt; as in the samples, unless told otherwise.
    pub fn status_spelling(mut self, spelling: StatusSpelling) -> Self {
        self.rules.spelling = spelling;
        self
    }

    /// What a refresh does to the token that it replaces; it dies, unless told otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.rules.old_token = old_token;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start(self) -> io::Result<EnosApim> {
        let server = Arc::new(Server::new(self.rules));
        let simulation = Simulation::start(Arc::clone(&server), self.setting).await?;
        Ok(EnosApim { simulation, server })
    }
}

impl Default for EnosApimBuilder {
    fn default() -> Self {
        let rules = Rules {
            app_key: "sim-app-key".to_owned(),
            app_secret: "sim-app-secret".to_owned(),
            life: Duration::from_secs(7200),
            tolerance: Duration::from_secs(600),
            spelling: StatusSpelling::AsInSamples,
            old_token: OldToken::Dies,
        };
        Self {
            setting: Setting::default(),
            rules,
        }
    }
}

impl fmt::Debug for EnosApimBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnosApimBuilder")
            .field("life", &self.rules.life)
            .finish_non_exhaustive()
    }
}
