//! A private cloud as a token endpoint.

use std::fmt;

use token_core::{
    Answer, Attempt, BuildError, Error, Key, Outcome, Redemption, Request, Rotation, Secret, Token,
    TokenEndpoint,
};

use crate::browser::{self, ActingAs};
use crate::config::{Config, PrivateCloudBuilder};
use crate::wire;

/// One person's grant for one developer account of one private cloud.
///
/// ```
/// use privcloud_auth::PrivateCloud;
/// use token_core::TokenEndpoint;
///
/// let cloud = PrivateCloud::builder("https://disk.example.com")
///     .client_id("developer-account-7")
///     .client_secret("the developer account's secret")
///     .account("alice")
///     .build()?;
/// assert_eq!(cloud.key().as_str(), "privcloud/disk.example.com/developer-account-7:alice");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * Login: none. A grant begins with [`redeem_code`](Self::redeem_code).
/// * Refresh: "Refresh token", `POST /api/refreshToken.do`.
/// * The token is carried as `Authorization: Bearer`.
#[derive(Clone)]
pub struct PrivateCloud {
    config: Config,
}

impl PrivateCloud {
    /// Begins an endpoint at the address of the private cloud, the part before `/api/…`.
    pub fn builder(base_url: impl Into<String>) -> PrivateCloudBuilder {
        PrivateCloudBuilder::new(base_url.into())
    }

    pub(crate) fn new(config: Config) -> Self {
        Self { config }
    }

    /// The URL that a person opens to authorize: `GET /api/authorize.do`. The browser then comes back to `redirect_uri`, which
    /// [`read_redirect`](Self::read_redirect) reads.
    ///
    /// `data` comes back unchanged. Make it a random text that nobody can guess, of letters, digits, `-` and `_`, and keep it in the
    /// person's session: it is what other vendors call `state` (RFC 6749 section 10.12).
    ///
    /// # Errors
    ///
    /// [`BuildError`] where `data` is empty or `redirect_uri` is no absolute URL.
    pub fn authorize_url(&self, redirect_uri: &str, data: &str) -> Result<String, BuildError> {
        browser::authorize_url(&self.config, redirect_uri, data)
    }

    /// The URL that gets a code without a person: `GET /api/authorizeByJWT.do`, where the deployment has that enabled.
    ///
    /// `jwt` is a JWT over `{"client_id": …}` that you signed with the developer account's JWT key. Whoever has the URL can act as
    /// `acting_as`, so it is a [`Secret`] too. What the vendor answers is not documented: a redirect with a code, or JSON with one.
    ///
    /// ```
    /// use privcloud_auth::{ActingAs, PrivateCloud};
    ///
    /// # let cloud = PrivateCloud::builder("https://disk.example.com").client_id("C").client_secret("S").account("alice").build()?;
    /// let url = cloud.authorize_by_jwt_url(&"h.p.s".into(), &ActingAs::Email("alice@example.com".into()))?;
    /// assert!(url.expose().ends_with("&jwt_token=h.p.s&email=alice%40example.com"));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] where `jwt` is empty, or the person's address is: the vendor would take that for the administrator.
    pub fn authorize_by_jwt_url(&self, jwt: &Secret, acting_as: &ActingAs) -> Result<Secret, BuildError> {
        browser::authorize_by_jwt_url(&self.config, jwt, acting_as)
    }

    /// The code from the redirect that ended an authorization, given as a URL, a path with a query, or a query. It lives for five
    /// minutes.
    ///
    /// `expected_data` is what [`authorize_url`](Self::authorize_url) was given for this person's session; the comparison takes the same
    /// time wherever they differ.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](token_core::ErrorKind::Rejected) where `data` is another's or the authorization was refused: begin anew;
    /// [`ErrorKind::Protocol`](token_core::ErrorKind::Protocol) where there is not exactly one code and one `data`;
    /// [`ErrorKind::Config`](token_core::ErrorKind::Config) where `expected_data` is empty.
    pub fn read_redirect(&self, redirect: &str, expected_data: &str) -> Result<Secret, Error> {
        browser::read_redirect(&self.config, redirect, expected_data)
    }

    /// Turns a code into the first token: `POST /api/token.do`. Sent once and never again, since the code is burnt "regardless of
    /// success"; `redirect_uri` is the one that the code was asked with.
    pub fn redeem_code(&self, code: Secret, redirect_uri: impl Into<String>) -> Redemption {
        let (config, redirect_uri) = (self.config.clone(), redirect_uri.into());
        Redemption::new(move |_attempt| wire::redemption(&config, &code, &redirect_uri))
    }
}

impl TokenEndpoint for PrivateCloud {
    fn key(&self) -> Key {
        let grant = format!("{}:{}", self.config.client_id, self.config.account);
        Key::of("privcloud", &self.config.base.deployment(), &grant)
    }

    /// Not documented, so the cautious reading: a spent refresh token may be dead, and is not sent twice.
    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        wire::refresh(&self.config, token)
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let document = wire::document(answer)?;
        wire::outcome(&self.config, answer, &document)
    }
}

impl fmt::Debug for PrivateCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCloud")
            .field("base", &self.config.base)
            .field("client_id", &self.config.client_id)
            .field("account", &self.config.account)
            .finish_non_exhaustive()
    }
}
