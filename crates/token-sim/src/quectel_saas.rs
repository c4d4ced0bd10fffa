//! Quectel / Acceleronix SaaS API: access key login and refresh.

mod rules;
mod service;

use std::time::Duration;

pub use rules::{RefusedToken, RepeatedLifetime};

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
/// hexadecimal, HTTP GET or POST with everything in the query, tokens that include their scheme
/// (`QJWT …`), the same token again if it was created or refreshed less than 30 minutes ago, and a
/// disabled key: the refresh fails, and the token that was presented is revoked.
///
/// The protected resource refuses with 401, 91001 or 91004 ([`RefusedToken`]), and with 91005 for a
/// missing right.
///
/// Assumed, because the documents are silent: failures have HTTP 200; a wrong password, and a
/// revoked or unknown token, are code 401; an invalid timestamp or a missing parameter is 50005; a
/// disabled key is 90047; an expired token cannot be refreshed; the old token still works after a
/// refresh.
///
/// Defaults: access key `sim-access-key` with the secret `sim-access-secret`, tokens of 86,400 s.
/// The access token is the refresh token, so [`revoke_grant`](Server::revoke_grant) does the same
/// as [`revoke_access_token`](Server::revoke_access_token). A token that is not presented for a
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
    /// Sets the one access key that the server knows.
    pub fn access_key(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.vendor.access_key);
        secret.clone_into(&mut self.vendor.access_secret);
        self
    }

    /// Sets the lifetime of a token. Default: 86,400 seconds.
    pub fn token_lifetime(mut self, life: Duration) -> Self {
        self.vendor.life = life;
        self
    }

    /// Sets how young a token must be for a refresh to return it again. Default: 30 minutes.
    pub fn same_token_within(mut self, age: Duration) -> Self {
        self.vendor.same_within = age;
        self
    }

    /// Sets the `expires_in` of a token that is returned again. Default: a full lifetime.
    pub fn repeated_lifetime(mut self, repeated: RepeatedLifetime) -> Self {
        self.vendor.repeated_lifetime = repeated;
        self
    }

    /// Sets what a refresh with a new token does to the old token. Default: it stays valid.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.vendor.old_token = old_token;
        self
    }

    /// Sets the code with which the protected resource refuses a token. Default: 401.
    pub fn refused_token(mut self, code: RefusedToken) -> Self {
        self.vendor.refused_token = code;
        self
    }

    /// Sets the HTTP status of refusals by login and refresh. Default: 200.
    pub fn failure_status(mut self, status: u16) -> Self {
        self.vendor.failure_status = status;
        self
    }
}
