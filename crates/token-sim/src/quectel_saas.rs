//! Quectel / Acceleronix SaaS API: access key login and refresh.

mod rules;
mod service;

use std::time::Duration;

pub use rules::RepeatedLife;

use crate::rotation::OldToken;
use crate::server::{Server, ServerBuilder};
use rules::{LOGIN, QuectelSaas, REFRESH};

/// A simulated Quectel SaaS API.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::QuectelSaasServer;
///
/// let sim = QuectelSaasServer::builder().access_key("my-key", "my-secret").start().await?;
/// assert!(sim.login_url().ends_with("/v2/quecauth/accessKeyAuthrize/accessKeyLogin"));
/// assert!(sim.grant().access_token().starts_with("QJWT "));
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: the user name's fields in any order, a timestamp
/// within 10 minutes of the clock, the password `sha256(user name + secret)` in lower-case
/// hexadecimal, HTTP GET or POST with everything in the query, tokens that hold their scheme
/// (`QJWT …`), the same token again if it was created or refreshed less than 30 minutes ago, and a
/// disabled key: the refresh fails, and the token that was to be refreshed is revoked.
///
/// Guessed, since the documents are silent: failures come with HTTP 200; a wrong password, and a
/// revoked or unknown token, are code 401; a bad timestamp or a missing parameter is 50005; a
/// disabled key is 90047; an expired token cannot be refreshed; the old token still works after a
/// refresh.
///
/// Defaults: access key `sim-access-key` with the secret `sim-access-secret`, tokens of 86,400 s.
/// The access token is the refresh token, so [`kill_grant`](Server::kill_grant) does the same as
/// [`revoke_access_token`](Server::revoke_access_token). A token that is not presented for a
/// refresh while the key is disabled still works.
pub type QuectelSaasServer = Server<QuectelSaas>;

/// The settings of a [`QuectelSaasServer`].
pub type QuectelSaasServerBuilder = ServerBuilder<QuectelSaas>;

impl Server<QuectelSaas> {
    /// Returns the URL of `accessKeyLogin`.
    pub fn login_url(&self) -> String {
        self.url(LOGIN)
    }

    /// Returns the URL of `refreshToken`.
    pub fn refresh_url(&self) -> String {
        self.url(REFRESH)
    }

    /// Returns the access key that the server knows.
    pub fn access_key(&self) -> &str {
        &self.vendor().access_key
    }

    /// Returns the secret of that key.
    pub fn access_secret(&self) -> &str {
        &self.vendor().access_secret
    }
}

impl ServerBuilder<QuectelSaas> {
    /// The one access key that the server knows.
    pub fn access_key(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.vendor.access_key);
        secret.clone_into(&mut self.vendor.access_secret);
        self
    }

    /// How long a token lives; 86,400 s, unless told otherwise.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.vendor.life = life;
        self
    }

    /// How young a token must be to be given again by a refresh; 30 minutes, unless told otherwise.
    pub fn same_token_within(mut self, age: Duration) -> Self {
        self.vendor.same_within = age;
        self
    }

    /// What `expires_in` says of a token given again; a full life, unless told otherwise.
    pub fn repeated_life(mut self, repeated: RepeatedLife) -> Self {
        self.vendor.repeated_life = repeated;
        self
    }

    /// What becomes of the old token when a refresh gives a new one; it lives, unless told
    /// otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.old_token = old_token;
        self
    }

    /// The HTTP status of refusals; 200, unless told otherwise.
    pub fn failure_status(mut self, status: u16) -> Self {
        self.vendor.failure_status = status;
        self
    }
}
