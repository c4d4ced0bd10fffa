//! Sending a browser to the server, and reading what it comes back with.

use std::fmt;

use token_core::reexports::http::StatusCode;
use token_core::{Error, ErrorKind, OneTimeGrant, Scrubber, Secret, percent_encode};

use crate::codes::{Asked, Refusal};
use crate::config::OAuth2;
use crate::sign::{Pkce, State};

/// Puts together the URL that a browser is sent to (RFC 6749 section 4.1.1).
///
/// ```
/// use oauth2_refresh::{OAuth2, Pkce, State};
///
/// # let (random_1, random_2) = ([1; 32], [2; 32]);
/// let oauth2 = OAuth2::builder("https://login.example.com").client_id("app-1").account("alice").scopes(["openid", "api"]).build()?;
/// let (state, pkce) = (State::from_random(random_1), Pkce::from_random(random_2));
/// let url = oauth2
///     .authorize_url("https://app.example/callback", &state)
///     .pkce(&pkce)
///     .parameter("prompt", "consent")
///     .build();
/// assert!(url.starts_with("https://login.example.com/oauth2/authorize?response_type=code&client_id=app-1&"));
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct AuthorizeUrl(String);

impl OAuth2 {
    /// Begins the URL of the authorize page. `state` ties the redirect to this browser's session.
    pub fn authorize_url(&self, redirect_uri: &str, state: &State) -> AuthorizeUrl {
        let address = self.authorize.address();
        let mark = if address.contains('?') { '&' } else { '?' };
        let url = AuthorizeUrl(format!("{address}{mark}response_type=code"))
            .parameter("client_id", &self.client_id)
            .parameter("redirect_uri", redirect_uri)
            .parameter("state", state.secret().expose());
        if self.scopes.is_empty() {
            return url;
        }
        url.parameter("scope", &self.scopes.join(" "))
    }

    /// Reads the URL, or the query alone, that the browser came back with, and gives the one-time
    /// code in it (RFC 6749 section 4.1.2).
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, State};
    /// use token_core::Secret;
    ///
    /// let oauth2 = OAuth2::builder("https://login.example.com").client_id("app-1").account("alice").build()?;
    /// let state = State::from(Secret::from("kept-in-the-session"));
    /// let code = oauth2.read_redirect("https://app.example/callback?code=C1&state=kept-in-the-session", &state)?;
    /// assert_eq!(code.expose(), "C1");
    /// assert!(oauth2.read_redirect("code=C1&state=forged", &state).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The state is compared first, in a time that does not tell where it differs, then `iss` where
    /// an [`issuer`](crate::OAuth2Builder::issuer) was named (RFC 9207 section 2.4): nothing else
    /// of a forged redirect is looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] where state or issuer is not the expected one or the user declined:
    /// begin anew. [`ErrorKind::Config`] and [`ErrorKind::Transient`] for what the server says in
    /// `error`. [`ErrorKind::Protocol`] where there is no code, or a parameter stands there twice.
    pub fn read_redirect(&self, redirect: &str, state: &State) -> Result<Secret, Error> {
        let parameters = Parameters::of(redirect);
        let known = state.secret();
        let seen = parameters.one("state")?.unwrap_or_else(|| Secret::from(""));
        if known.is_empty() || !seen.same_as(known) {
            return Err(begin_anew(
                "the redirect belongs to no authorization of this session",
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

    /// The request that turns the code of a redirect into a first token (RFC 6749 section 4.1.3),
    /// with the PKCE verifier of the authorize URL where it had a challenge (RFC 7636 section 4.5).
    /// `redirect_uri` must be that of the authorize URL.
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
    ) -> OneTimeGrant {
        let (oauth2, code) = (self.clone(), code.clone());
        let (redirect_uri, pkce) = (redirect_uri.into(), pkce.cloned());
        OneTimeGrant::new(move |_attempt| {
            oauth2.redemption_request(&code, &redirect_uri, pkce.as_ref())
        })
    }

    fn check_issuer(&self, seen: Option<Secret>) -> Result<(), Error> {
        let Some(expected) = &self.issuer else {
            return Ok(());
        };
        if seen.is_some_and(|seen| seen.expose() == expected) {
            return Ok(());
        }
        Err(begin_anew("the redirect comes from another issuer"))
    }
}

impl AuthorizeUrl {
    /// Adds the challenge of a PKCE verifier, method S256 (RFC 7636 section 4.3). Keep the [`Pkce`]
    /// with the session.
    pub fn pkce(self, pkce: &Pkce) -> Self {
        self.parameter("code_challenge", &pkce.challenge())
            .parameter("code_challenge_method", "S256")
    }

    /// Adds a further parameter, such as `nonce`, `prompt`, `audience` or `access_type`.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        for piece in ["&", &percent_encode(name), "=", &percent_encode(value)] {
            self.0.push_str(piece);
        }
        self
    }

    /// The finished URL. It holds the state: give it to the browser, and to no log.
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

/// The query of a redirect, decoded.
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

    /// RFC 6749 section 3.1: no parameter may be there twice.
    fn one(&self, name: &str) -> Result<Option<Secret>, Error> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next().map(|(_, value)| value.clone());
        match found.next() {
            None => Ok(first),
            Some(_) => Err(Error::new(
                ErrorKind::Protocol,
                "the redirect has a parameter twice",
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
            asked: Asked::WithGrant,
        };
        Ok(Error::new(refusal.kind(), "the server did not authorize")
            .with_code(code, scrubber)
            .with_message(described.expose(), scrubber))
    }
}

fn begin_anew(what: &'static str) -> Error {
    Error::new(ErrorKind::Rejected, what)
}
