//! The endpoint itself.

use std::fmt;
use std::sync::Arc;

use token_core::{
    Answer, Attempt, Error, ErrorKind, Key, Outcome, Redemption, Request, Rotation, Secret, Step, Token,
    TokenEndpoint,
};

use crate::config::{Login, Settings};
use crate::sign::Pkce;

/// An OAuth 2.0 token endpoint (RFC 6749), and what real servers add to it.
///
/// ```
/// use oauth2_refresh::OAuth2;
/// use token_core::{Rotation, Secret, TokenEndpoint};
///
/// # let secret = Secret::from("s");
/// let oauth2 = OAuth2::builder("https://login.example.com").client_id("app-1").client_secret(secret).account("alice").build()?;
/// assert_eq!(oauth2.key().as_str(), "oauth2/login.example.com/app-1:alice");
/// assert_eq!(oauth2.rotation(), Rotation::SingleUse);
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// Clones share one description. Its `Debug` shows the key.
#[derive(Clone)]
pub struct OAuth2 {
    settings: Arc<Settings>,
}

impl OAuth2 {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The request that turns the code of a redirect into a first token (RFC 6749 section 4.1.3), with the PKCE verifier of the authorize
    /// URL where it had a challenge (RFC 7636 section 4.5). `redirect_uri` must be that of the authorize URL.
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, Pkce};
    /// use token_core::Secret;
    ///
    /// # let (code, pkce) = (Secret::from("c"), Pkce::from_random([7; 32]));
    /// let oauth2 = OAuth2::builder("https://login.example.com").client_id("app-1").account("alice").build()?;
    /// let redemption = oauth2.redeem_code(&code, "https://app.example/callback", Some(&pkce));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// A code works once: a redemption is consumed when it is sent, and never sent again by itself.
    pub fn redeem_code(
        &self,
        code: &Secret,
        redirect_uri: impl Into<String>,
        pkce: Option<&Pkce>,
    ) -> Redemption {
        let settings = Settings::clone(&self.settings);
        settings.redemption(code.clone(), redirect_uri.into(), pkce.cloned())
    }

    /// Reads the answer to a [revocation](TokenEndpoint::revoke). Any 2xx means that the token is dead now, also where it never lived
    /// (RFC 7009 section 2.2).
    ///
    /// # Errors
    ///
    /// The server's refusal, with its code; [`ErrorKind::Transient`] where it asks to come back later.
    pub fn read_revocation(&self, answer: &Answer<'_>) -> Result<(), Error> {
        if answer.status().is_success() {
            return Ok(());
        }
        self.settings.accepted(answer).map(|_| ())
    }
}

impl TokenEndpoint for OAuth2 {
    fn key(&self) -> Key {
        let Settings {
            vendor,
            deployment,
            grant,
            ..
        } = self.settings();
        Key::of(vendor, deployment, grant)
    }

    fn rotation(&self) -> Rotation {
        self.settings.rotation
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        match self.settings.login {
            Login::Never => None,
            Login::ClientCredentials => Some(self.settings.client_credentials_request()),
        }
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        self.settings.refresh_request(token)
    }

    /// Reads the answer to a login, a refresh or a redemption. For the others see [`OAuth2::read_revocation`] and
    /// [`OAuth2::read_introspection`].
    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        if matches!(answer.request().step(), Step::Revocation | Step::Introspection) {
            return Err(answer.error(ErrorKind::Protocol, "this answer brings no token"));
        }
        self.settings.read_token(answer)
    }

    /// Revokes the refresh token where there is one, and with it the grant; else the access token (RFC 7009 section 2.1). `None` where
    /// no [`revocation_path`](crate::OAuth2Builder::revocation_path) was named.
    fn revoke(&self, token: &Token, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        let place = self.settings.revocation.as_ref()?;
        let (secret, hint) = match token.refresh() {
            Some(refresh) => (refresh, "refresh_token"),
            None => (token.access(), "access_token"),
        };
        Some(self.settings.request_about(place, secret, hint, Step::Revocation))
    }
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuth2({})", self.key())
    }
}
