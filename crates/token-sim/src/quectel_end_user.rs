//! Quectel / Acceleronix app API: password login and refresh of an end user.

mod accounts;
mod answers;
mod refusals;
mod server;

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::issued::Issued;
use crate::rotation::{OldToken, Rotation};
use crate::simulation::{Setting, Simulation, shared_settings};
pub use accounts::AttemptsTold;
use accounts::User;
use server::{Rules, Server};

/// A simulated Quectel end-user API.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sim = token_sim::QuectelEndUser::builder().user("a@example.com", "13800000000", "china1234").start().await?;
/// assert!(sim.refresh_url().ends_with("/v2/enduser/enduserapi/refreshToken"));
/// assert!(sim.issue().access_token().starts_with("Bearer "));
/// # Ok(())
/// # }
/// ```
///
/// Documented by the vendor and checked here: `emailPwdLogin` and `phonePwdLogin` by POST,
/// `refreshToken` by PUT, each with its parameters in the query or in a form; the password in
/// AES-128-CBC with a key made of `random`; the signature
/// `sha256(email + pwd + random + user domain secret)`, by phone with the international code and
/// the number in place of the address; absolute expiry in seconds; both tokens with their scheme
/// (`Bearer …`), both new after each refresh.
///
/// Codes: 5013, 5015, 5104 for the user domain, 5022, 5023, 5026, 5115, 5550 for what is missing,
/// 5420 for the signature, 5031 and 5033 for an unknown user, 5586 down to 5583 for a wrong
/// password with 4 down to 1 attempts left (or 5146 for each, see [`AttemptsTold`]), 5147 from the
/// fifth failure on for 20 minutes, 5148 when the address is blocked for 20 minutes, 5325 when
/// blocked for 24 hours, 5032 for a token that is not accepted. Any other code of the vendor's
/// table is said once by [`refuse_next`](Self::refuse_next).
///
/// Guessed, since the documents are silent: the tokens are signed with HS256, not RS256 (nobody but
/// the simulator checks them); a spent refresh token is refused; a disabled user is 5041, and no
/// token of theirs works; a blocked address can neither log in nor refresh.
pub struct QuectelEndUser {
    simulation: Simulation,
    server: Arc<Server>,
}

impl QuectelEndUser {
    /// Starts a server with the defaults: user `user@example.com`, phone `13800000000`, password
    /// `sim-password`, in the user domain `C.DM.1.1` with the secret `sim-domain-secret`.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with settings of its own.
    pub fn builder() -> QuectelEndUserBuilder {
        QuectelEndUserBuilder::default()
    }

    /// The address of `emailPwdLogin`.
    pub fn email_login_url(&self) -> String {
        self.url(server::EMAIL_LOGIN)
    }

    /// The address of `phonePwdLogin`.
    pub fn phone_login_url(&self) -> String {
        self.url(server::PHONE_LOGIN)
    }

    /// The address of `refreshToken`.
    pub fn refresh_url(&self) -> String {
        self.url(server::REFRESH)
    }

    /// The address of `userLogout`, which takes the access token by DELETE.
    pub fn logout_url(&self) -> String {
        self.url(server::LOGOUT)
    }

    /// The user domain.
    pub fn user_domain(&self) -> &str {
        &self.server.rules.user_domain
    }

    /// The secret of the user domain.
    pub fn user_domain_secret(&self) -> &str {
        &self.server.rules.user_domain_secret
    }

    /// Makes a pair of tokens without a request, as if the user had logged in.
    pub fn issue(&self) -> Issued {
        self.server.issue(self.clock().now_ms())
    }

    /// Refuses all access tokens that live now; refresh tokens still work.
    pub fn revoke_access_token(&self) {
        self.server.revoke_access();
    }

    /// Refuses all refresh tokens that live now, with 5032; access tokens still work.
    pub fn kill_grant(&self) {
        self.server.revoke_refresh();
    }

    /// Refuses every login and refresh with 5041, and every token at the resource.
    pub fn disable_account(&self) {
        self.server.accounts(|accounts| accounts.disabled = true);
    }

    /// Ends [`disable_account`](Self::disable_account).
    pub fn enable_account(&self) {
        self.server.accounts(|accounts| accounts.disabled = false);
    }

    /// Freezes the account as after five wrong passwords: logins are 5147 for 20 minutes of the
    /// clock.
    pub fn freeze_account(&self) {
        let now = self.clock().now_ms();
        self.server.accounts(|accounts| accounts.freeze(now));
    }

    /// Blocks the account: logins are 5325 for 24 hours of the clock.
    pub fn block_account(&self) {
        let now = self.clock().now_ms();
        self.server.accounts(|accounts| accounts.block(now));
    }

    /// Blocks the client's address: logins and refreshes are 5148 for 20 minutes of the clock.
    pub fn block_address(&self) {
        let now = self.clock().now_ms();
        self.server.accounts(|accounts| accounts.block_address(now));
    }

    /// Refuses the next login or refresh with this code: 5005, 5012 or 5097 for a wrong name or
    /// password, 5101 for an account that is not registered, 5144, 5145, or any other code of the
    /// vendor's table. Nothing is spent by it.
    pub fn refuse_next(&self, code: i64) {
        self.server.accounts(|accounts| accounts.refuse_next(code));
    }

    /// Disables the user domain: logins are 5104.
    pub fn disable_user_domain(&self) {
        self.server
            .accounts(|accounts| accounts.domain_disabled = true);
    }
}

impl Deref for QuectelEndUser {
    type Target = Simulation;

    fn deref(&self) -> &Simulation {
        &self.simulation
    }
}

impl fmt::Debug for QuectelEndUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuectelEndUser")
            .field("simulation", &self.simulation)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`QuectelEndUser`] server.
#[must_use = "a builder does nothing until `start`"]
pub struct QuectelEndUserBuilder {
    setting: Setting,
    rules: Rules,
}

impl QuectelEndUserBuilder {
    shared_settings!();

    /// The one user that the server knows: address, phone without the international code, password
    /// in plain text.
    pub fn user(mut self, email: &str, phone: &str, password: &str) -> Self {
        self.rules.user = User {
            email: email.to_owned(),
            phone: phone.to_owned(),
            password: password.to_owned(),
        };
        self
    }

    /// The user domain and its secret.
    pub fn user_domain(mut self, domain: &str, secret: &str) -> Self {
        domain.clone_into(&mut self.rules.user_domain);
        secret.clone_into(&mut self.rules.user_domain_secret);
        self
    }

    /// How long an access token lives; 2 hours, unless told otherwise.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.rules.access_life = life;
        self
    }

    /// How long a refresh token lives; 30 days, unless told otherwise.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.rules.refresh_life = life;
        self
    }

    /// What a refresh does to the refresh token; it is of single use, unless told otherwise. The
    /// answer holds a refresh token in any case, as the vendor documents.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rules.rotation = rotation;
        self
    }

    /// What a refresh does to the access token issued before; it lives, unless told otherwise.
    pub fn old_token(mut self, old_token: OldToken) -> Self {
        self.rules.old_token = old_token;
        self
    }

    /// How a wrong password is told how many attempts are left; by its code, unless told otherwise.
    pub fn attempts_told(mut self, told: AttemptsTold) -> Self {
        self.rules.attempts_told = told;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// When no loopback port or no thread can be had.
    pub async fn start(self) -> io::Result<QuectelEndUser> {
        let server = Arc::new(Server::new(self.rules));
        let simulation = Simulation::start(Arc::clone(&server), self.setting).await?;
        Ok(QuectelEndUser { simulation, server })
    }
}

impl Default for QuectelEndUserBuilder {
    fn default() -> Self {
        let user = User {
            email: "user@example.com".to_owned(),
            phone: "13800000000".to_owned(),
            password: "sim-password".to_owned(),
        };
        let rules = Rules {
            user,
            user_domain: "C.DM.1.1".to_owned(),
            user_domain_secret: "sim-domain-secret".to_owned(),
            attempts_told: AttemptsTold::InCode,
            access_life: Duration::from_secs(7200),
            refresh_life: Duration::from_secs(30 * 86_400),
            rotation: Rotation::SingleUse,
            old_token: OldToken::Lives,
        };
        Self {
            setting: Setting::default(),
            rules,
        }
    }
}

impl fmt::Debug for QuectelEndUserBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuectelEndUserBuilder")
            .field("rotation", &self.rules.rotation)
            .finish_non_exhaustive()
    }
}
