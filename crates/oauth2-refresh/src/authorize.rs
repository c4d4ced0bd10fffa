//! Sends a browser to the authorize page, reads the redirect and redeems its code.

use std::fmt;

use token_core::reexports::http::StatusCode;
use token_core::{Error, ErrorKind, OneTimeGrant, Scrubber, Secret, percent_encode};

use crate::codes::{Presented, Refusal};
use crate::config::OAuth2;
use crate::sign::{Pkce, State};

/// Builds the URL that a browser is sent to (RFC 6749 section 4.1.1).
///
/// ```
/// use oauth2_refresh::{OAuth2, Pkce, State};
///
/// # let (random_1, random_2) = ([1; 32], [2; 32]);
/// let oauth2 = OAuth2::builder("https://login.example.com")
///     .client_id("app-1")
///     .account("alice")
///     .scopes(["openid", "api"])
///     .build()?;
/// let (state, pkce) = (State::from_random(random_1), Pkce::from_random(random_2));
/// let url = oauth2
///     .authorize_url("https://app.example/callback", &state)
///     .pkce(&pkce)
///     .parameter("prompt", "consent")
///     .build();
/// assert!(url.starts_with("https://login.example.com/oauth2/authorize?response_type=code&"));
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct AuthorizeUrl(String);

impl OAuth2 {
    /// Returns a builder for the URL of the authorize page. `state` ties the redirect to this
    /// browser's session.
    pub fn authorize_url(&self, redirect_uri: &str, state: &State) -> AuthorizeUrl {
        let address = self.client.authorize.address();
        let mark = if address.contains('?') { '&' } else { '?' };
        let url = AuthorizeUrl(format!("{address}{mark}response_type=code"))
            .parameter("client_id", &self.client.client_id)
            .parameter("redirect_uri", redirect_uri)
            .parameter("state", state.secret().expose());
        if self.client.terms.scopes.is_empty() {
            return url;
        }
        url.parameter("scope", &self.client.terms.scopes.join(" "))
    }

    /// Reads the redirect, a URL or its query alone, and returns the one-time code in it (RFC 6749
    /// section 4.1.2).
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, State};
    /// use token_core::Secret;
    ///
    /// let oauth2 = OAuth2::builder("https://login.example.com")
    ///     .client_id("app-1")
    ///     .account("alice")
    ///     .build()?;
    /// let state = State::from(Secret::from("kept-in-the-session"));
    /// let redirect = "https://app.example/callback?code=C1&state=kept-in-the-session";
    /// let code = oauth2.read_redirect(redirect, &state)?;
    /// assert_eq!(code.expose(), "C1");
    /// assert!(oauth2.read_redirect("code=C1&state=forged", &state).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The state is checked first, in constant time, then `iss` if an
    /// [`issuer`](crate::OAuth2Builder::issuer) was set (RFC 9207 section 2.4). Nothing else of a
    /// forged redirect is looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] if the state or the issuer is not the expected one, or if the user
    /// declined: start over. [`ErrorKind::Config`] and [`ErrorKind::Transient`] by the server's
    /// `error`. [`ErrorKind::Protocol`] if there is no code, or if a parameter occurs twice.
    pub fn read_redirect(&self, redirect: &str, state: &State) -> Result<Secret, Error> {
        let parameters = Parameters::of(redirect);
        let known = state.secret();
        let seen = parameters.one("state")?.unwrap_or_else(|| Secret::from(""));
        if known.is_empty() || !seen.same_as(known) {
            return Err(start_over(
                "the redirect does not belong to an authorization of this session",
            ));
        }
        self.check_issuer(parameters.one("iss")?)?;
        let code = parameters.one("code")?;
        if let Some(error) = parameters.one("error")? {
            let scrubber = Scrubber::new([Some(known), code.as_ref()].into_iter().flatten());
            return Err(parameters.refusal(error.expose(), &scrubber)?);
        }
        code.filter(|code| !code.is_empty())
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "the redirect has no code"))
    }

    /// Exchanges the code of a redirect for a first token (RFC 6749 section 4.1.3). Pass the PKCE
    /// verifier if the authorize URL had its challenge (RFC 7636 section 4.5). `redirect_uri` must
    /// be that of the authorize URL.
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, Pkce};
    /// use token_core::Secret;
    ///
    /// # let (code, pkce) = (Secret::from("c"), Pkce::from_random([7; 32]));
    /// let oauth2 = OAuth2::builder("https://login.example.com")
    ///     .client_id("app-1")
    ///     .account("alice")
    ///     .build()?;
    /// let redemption = oauth2.redeem_code(&code, "https://app.example/callback", Some(&pkce));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// A code can be used once, so the request is never sent a second time.
    pub fn redeem_code(
        &self,
        code: &Secret,
        redirect_uri: impl Into<String>,
        pkce: Option<&Pkce>,
    ) -> OneTimeGrant {
        let (oauth2, code) = (self.clone(), code.clone());
        let (redirect_uri, pkce) = (redirect_uri.into(), pkce.cloned());
        OneTimeGrant::new(move |_attempt| {
            oauth2.redemption_request(&code, &redirect_uri, pkce.as_ref())
        })
    }

    fn check_issuer(&self, seen: Option<Secret>) -> Result<(), Error> {
        let Some(expected) = self.client.terms.issuer.as_deref() else {
            return Ok(());
        };
        if seen.is_some_and(|seen| seen.expose() == expected) {
            return Ok(());
        }
        Err(start_over("the redirect comes from another issuer"))
    }
}

impl AuthorizeUrl {
    /// Adds the challenge of a PKCE verifier, method S256 (RFC 7636 section 4.3). Keep the [`Pkce`]
    /// with the session.
    pub fn pkce(self, pkce: &Pkce) -> Self {
        self.parameter("code_challenge", &pkce.challenge())
            .parameter("code_challenge_method", "S256")
    }

    /// Adds a parameter, such as `nonce`, `prompt`, `audience` or `access_type`.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        for piece in ["&", &percent_encode(name), "=", &percent_encode(value)] {
            self.0.push_str(piece);
        }
        self
    }

    /// Builds the URL. It contains the state: send it to the browser, and keep it out of logs.
    #[must_use]
    pub fn build(self) -> String {
        self.0
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizeUrl(…)")
    }
}

/// The decoded query of a redirect.
struct Parameters(Vec<(String, Secret)>);

impl Parameters {
    fn of(redirect: &str) -> Self {
        let query = redirect
            .split_once('?')
            .map_or(redirect, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), Secret::from(value.into_owned())))
                .collect(),
        )
    }

    /// Returns the parameter, which may not occur twice (RFC 6749 section 3.1).
    fn one(&self, name: &str) -> Result<Option<Secret>, Error> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.clone());
        match found.next() {
            None => Ok(first),
            Some(_) => Err(Error::new(
                ErrorKind::Protocol,
                "a parameter occurs twice in the redirect",
            )),
        }
    }

    fn refusal(&self, code: &str, scrubber: &Scrubber) -> Result<Error, Error> {
        let described = self
            .one("error_description")?
            .unwrap_or_else(|| Secret::from(""));
        let refusal = Refusal {
            code,
            message: described.expose(),
            status: StatusCode::BAD_REQUEST,
            after: None,
            presented: Presented::Grant,
        };
        Ok(
            Error::new(refusal.kind(), "the server refused the authorization")
                .with_code(code, scrubber)
                .with_message(described.expose(), scrubber),
        )
    }
}

fn start_over(what: &'static str) -> Error {
    Error::new(ErrorKind::Rejected, what)
}
