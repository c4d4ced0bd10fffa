//! Quectel / Acceleronix app API: password login and refresh of an end user.

mod accounts;
mod answers;
mod rules;
mod service;

pub use rules::AttemptsLeft;

use crate::server::{Server, ServerBuilder};
use rules::{EMAIL_LOGIN, LOGOUT, PHONE_LOGIN, QuectelEndUser, REFRESH, User};

/// A simulated Quectel end-user API.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use token_sim::QuectelEndUserServer;
///
/// let sim = QuectelEndUserServer::builder().user("a@example.com", "13800000000", "china1234").start().await?;
/// assert!(sim.refresh_url().ends_with("/v2/enduser/enduserapi/refreshToken"));
/// assert!(sim.grant().access_token().starts_with("Bearer "));
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: `emailPwdLogin` and `phonePwdLogin` by POST,
/// `refreshToken` by PUT, each with its parameters in the query or in a form; the password in
/// AES-128-CBC with a key made from `random`; the signature
/// `sha256(email + pwd + random + user domain secret)`, by phone with the international code and
/// the number instead of the address; absolute expiry in seconds; both tokens with their scheme
/// (`Bearer …`), both new after each refresh.
///
/// Codes: 5013, 5015, 5104 for the user domain, 5022, 5023, 5026, 5115, 5550 for missing
/// parameters, 5420 for the signature, 5031 and 5033 for an unknown user, 5586 down to 5583 for a
/// wrong password with 4 down to 1 attempts left (or 5146 for each, see [`AttemptsLeft`]), 5147 for
/// 20 minutes from the fifth failure on, 5148 if the address is blocked for 20 minutes, 5325 if
/// blocked for 24 hours, 5032 for a token that is not accepted.
/// [`refuse_next`](Server::refuse_next) returns any other code of the vendor's table once.
///
/// Assumed, because the documents are silent: the tokens are signed with HS256, not RS256 (only the
/// simulator checks them); a used refresh token is refused; a disabled user is 5041, and none of
/// their tokens works; a blocked address can neither log in nor refresh.
///
/// Defaults: user `user@example.com`, phone `13800000000`, password `sim-password`, in the user
/// domain `C.DM.1.1` with the secret `sim-domain-secret`.
pub type QuectelEndUserServer = Server<QuectelEndUser>;

/// The settings of a [`QuectelEndUserServer`].
pub type QuectelEndUserServerBuilder = ServerBuilder<QuectelEndUser>;

impl Server<QuectelEndUser> {
    /// Returns the URL of `emailPwdLogin`.
    pub fn email_login_url(&self) -> String {
        self.url(EMAIL_LOGIN)
    }

    /// Returns the URL of `phonePwdLogin`.
    pub fn phone_login_url(&self) -> String {
        self.url(PHONE_LOGIN)
    }

    /// Returns the URL of `refreshToken`.
    pub fn refresh_url(&self) -> String {
        self.url(REFRESH)
    }

    /// Returns the URL of `userLogout`, which takes the access token by DELETE.
    pub fn logout_url(&self) -> String {
        self.url(LOGOUT)
    }

    /// Returns the user domain.
    pub fn user_domain(&self) -> &str {
        &self.vendor().user_domain
    }

    /// Returns the secret of the user domain.
    pub fn user_domain_secret(&self) -> &str {
        &self.vendor().user_domain_secret
    }

    /// Freezes the account as after five wrong passwords: logins get 5147 for 20 minutes of the
    /// clock.
    pub fn freeze_account(&self) {
        let now = self.clock().now_ms();
        self.change(|_, state| state.more.freeze(now));
    }

    /// Blocks the account: logins get 5325 for 24 hours of the clock.
    pub fn block_account(&self) {
        let now = self.clock().now_ms();
        self.change(|_, state| state.more.block(now));
    }

    /// Blocks the client's address: logins and refreshes get 5148 for 20 minutes of the clock.
    pub fn block_address(&self) {
        let now = self.clock().now_ms();
        self.change(|_, state| state.more.block_address(now));
    }

    /// Refuses the next login or refresh with this code: 5005, 5012 or 5097 for a wrong name or
    /// password, 5101 for an account that is not registered, 5144, 5145, or any other code of the
    /// vendor's table. The request uses up no refresh token.
    pub fn refuse_next(&self, code: i64) {
        self.change(|_, state| state.more.refuse_next(code));
    }

    /// Disables the user domain: logins get 5104.
    pub fn disable_user_domain(&self) {
        self.change(|_, state| state.more.domain_disabled = true);
    }
}

impl ServerBuilder<QuectelEndUser> {
    /// Sets the one user that the server knows: address, phone without the international code,
    /// password in plain text.
    pub fn user(mut self, email: &str, phone: &str, password: &str) -> Self {
        self.vendor.user = User {
            email: email.to_owned(),
            phone: phone.to_owned(),
            password: password.to_owned(),
        };
        self
    }

    /// Sets the user domain and its secret.
    pub fn user_domain(mut self, domain: &str, secret: &str) -> Self {
        domain.clone_into(&mut self.vendor.user_domain);
        secret.clone_into(&mut self.vendor.user_domain_secret);
        self
    }

    /// Sets how the answer to a wrong password tells the attempts left. Default: by its code.
    pub fn attempts_left(mut self, how: AttemptsLeft) -> Self {
        self.vendor.attempts_left = how;
        self
    }
}
