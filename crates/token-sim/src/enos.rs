//! EnOS APIM: hashed bodies, one valid token per application, signed requests.

mod request;
mod rules;
mod service;

use std::time::Duration;

pub use rules::StatusSpelling;

use crate::rotation::OldToken;
use crate::server::{Server, ServerBuilder};
use rules::{Enos, GET, REFRESH};

/// A simulated EnOS API management.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::EnosServer;
///
/// let sim = EnosServer::builder().app("app-key-1", "app-secret-1").start().await?;
/// assert!(sim.get_url().ends_with("/apim-token-service/v2.0/token/get"));
/// assert_eq!(sim.app_key(), "app-key-1");
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: `encryption = sha256(appKey + timestamp + appSecret)`
/// in lower-case hexadecimal, for `get` and `refresh` alike; 1001 for an encryption that was used
/// before, 1002 for an unknown application, 1003 for a wrong hash, 1004 for an invalid parameter,
/// 1202 for an empty one, 1203 for an expired token and 1204 for one that cannot be refreshed;
/// `get` repeats a token that is still valid, with its remaining lifetime.
///
/// The protected resource checks `apim-accesstoken`, `apim-timestamp` and
/// `apim-signature = sha256(accessToken + sorted query + exact body + timestamp + appSecret)`; for
/// a multipart upload it checks only the token.
///
/// Assumed, because the documents are silent: failures have HTTP 200 and `data: null`; a timestamp
/// may be a number or text; one more than 10 minutes from the clock is 1003, or 497 at the
/// resource; a refresh revokes the old token.
///
/// Defaults: application `sim-app-key` with the secret `sim-app-secret`, tokens of 7200 s. The
/// access token is the refresh token, so [`revoke_grant`](Server::revoke_grant) does the same as
/// [`revoke_access_token`](Server::revoke_access_token): 401 at the resource, 1204 for a refresh,
/// and a new token for the next `get`. A disabled application is unknown: 1002 for `get` and
/// `refresh`, 401 at the resource.
pub type EnosServer = Server<Enos>;

/// The settings of an [`EnosServer`].
pub type EnosServerBuilder = ServerBuilder<Enos>;

impl Server<Enos> {
    /// Returns the URL of `token/get`.
    pub fn get_url(&self) -> String {
        self.url(GET)
    }

    /// Returns the URL of `token/refresh`.
    pub fn refresh_url(&self) -> String {
        self.url(REFRESH)
    }

    /// Returns the application key that the server knows.
    pub fn app_key(&self) -> &str {
        &self.vendor().app_key
    }

    /// Returns the secret of that application.
    pub fn app_secret(&self) -> &str {
        &self.vendor().app_secret
    }
}

impl ServerBuilder<Enos> {
    /// Sets the one application that the server knows.
    pub fn app(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.vendor.app_key);
        secret.clone_into(&mut self.vendor.app_secret);
        self
    }

    /// Sets the lifetime of a token. Default: 7200 seconds.
    pub fn token_lifetime(mut self, life: Duration) -> Self {
        self.vendor.life = life;
        self
    }

    /// Sets how far a timestamp may be from the clock. Default: 10 minutes.
    pub fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.vendor.tolerance = tolerance;
        self
    }

    /// Sets the spelling of the status field. Default: as in the vendor's samples.
    pub fn status_spelling(mut self, spelling: StatusSpelling) -> Self {
        self.vendor.spelling = spelling;
        self
    }

    /// Sets what a refresh does to the token that it replaces. Default: it revokes the token.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.old_token = old_token;
        self
    }
}
