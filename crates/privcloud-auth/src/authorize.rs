//! Sends a browser to the authorize page, reads the redirect and redeems its code.

use std::borrow::Cow;

use token_core::{BuildError, Error, ErrorKind, OneTimeGrant, Scrubber, Secret, percent_encode};

use crate::config::PrivateCloud;
use crate::wire;

/// The person that a JWT stands in for ("authorizeByJWT", `/api/authorizeByJWT.do`).
///
/// The vendor takes a request that names nobody as one by the enterprise administrator. To keep an
/// empty field from becoming an administrator, that is a variant of its own, and empty values of
/// the others are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActingAs {
    /// The person with this email address.
    Email(String),
    /// The person with this telephone number.
    Phone(String),
    /// The person with this number in the cloud.
    BabelId(String),
    /// The enterprise administrator, who may do everything. The request names no person.
    EnterpriseAdministrator,
}

impl PrivateCloud {
    /// Returns the URL that a person opens to authorize: `GET /api/authorize.do`. The browser then
    /// comes back to `redirect_uri`; pass that URL to [`read_redirect`](Self::read_redirect).
    ///
    /// `data` comes back unchanged. Use a random text of letters, digits, `-` and `_` that nobody
    /// can guess, and keep it in the person's session: other vendors call it `state` (RFC 6749
    /// section 10.12).
    ///
    /// # Errors
    ///
    /// [`BuildError`] if `data` is empty or `redirect_uri` is not an absolute URL.
    pub fn authorize_url(&self, redirect_uri: &str, data: &str) -> Result<String, BuildError> {
        if !redirect_uri.starts_with("https://") && !redirect_uri.starts_with("http://") {
            return Err(BuildError::invalid(
                "redirect_uri",
                "must be an absolute URL",
            ));
        }
        if data.is_empty() {
            return Err(BuildError::invalid(
                "data",
                "is empty, so any redirect would match",
            ));
        }
        let query = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect_uri),
            ("data", data),
        ];
        Ok(self.with_query(&self.dialect.paths.authorize, query))
    }

    /// Returns the URL that gets a code without a person: `GET /api/authorizeByJWT.do`. The
    /// deployment must have enabled it.
    ///
    /// `jwt` is a JWT over `{"client_id": …}` that you signed with the developer account's JWT key.
    /// Anyone who has the URL can act as `acting_as`, so it is a [`Secret`] too. The vendor does
    /// not document the answer; expect a redirect with a code, or JSON with one.
    ///
    /// ```
    /// use privcloud_auth::{ActingAs, PrivateCloud};
    ///
    /// # let builder = PrivateCloud::builder("https://disk.example.com").client_id("C");
    /// # let cloud = builder.client_secret("S").account("alice").build()?;
    /// let alice = ActingAs::Email("alice@example.com".into());
    /// let url = cloud.authorize_by_jwt_url(&"h.p.s".into(), &alice)?;
    /// assert!(url.expose().ends_with("&jwt_token=h.p.s&email=alice%40example.com"));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if `jwt` is empty, or if the person's value is: the vendor would take that
    /// for the administrator.
    pub fn authorize_by_jwt_url(
        &self,
        jwt: &Secret,
        acting_as: &ActingAs,
    ) -> Result<Secret, BuildError> {
        if jwt.is_empty() {
            return Err(BuildError::invalid("jwt", "is empty"));
        }
        let person = match acting_as {
            ActingAs::Email(email) => Some(("email", email.as_str())),
            ActingAs::Phone(phone) => Some(("phone", phone.as_str())),
            ActingAs::BabelId(id) => Some(("babelId", id.as_str())),
            ActingAs::EnterpriseAdministrator => None,
        };
        if person.is_some_and(|(_, value)| value.trim().is_empty()) {
            return Err(BuildError::invalid(
                "acting_as",
                "is empty, which the vendor takes for the enterprise administrator",
            ));
        }
        let query = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("jwt_token", jwt.expose()),
        ];
        let query = query.into_iter().chain(person);
        Ok(self
            .with_query(&self.dialect.paths.authorize_by_jwt, query)
            .into())
    }

    /// Reads the redirect that ended an authorization, and returns its code. `redirect` is a URL, a
    /// path with a query, or the query alone. The code is valid for five minutes.
    ///
    /// `expected_data` is the value that was passed to [`authorize_url`](Self::authorize_url) for
    /// this person's session. The comparison takes the same time wherever the two differ.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] if `data` is not the expected one or the authorization was refused:
    /// start over. [`ErrorKind::Protocol`] if there is not exactly one code and one `data`.
    /// [`ErrorKind::Config`] if `expected_data` is empty.
    pub fn read_redirect(&self, redirect: &str, expected_data: &str) -> Result<Secret, Error> {
        if expected_data.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "`data` is empty, so any redirect would match",
            ));
        }
        let query = query_of(redirect);
        if !only(query, self.dialect.parameter("data"))?.matches(expected_data) {
            return Err(Error::new(
                ErrorKind::Rejected,
                "the redirect does not belong to the authorization that was started",
            ));
        }
        let code_name = self.dialect.parameter("code");
        let code = only(query, code_name);
        let code =
            code.map_err(|error| refusal(query, expected_data, code_name).unwrap_or(error))?;
        Ok(code.secret())
    }

    /// Exchanges a code for the first token: `POST /api/token.do`. The request is sent once and
    /// never repeated, since the code is burnt "regardless of success". `redirect_uri` must be that
    /// of the authorize URL.
    pub fn redeem_code(&self, code: Secret, redirect_uri: impl Into<String>) -> OneTimeGrant {
        let (cloud, redirect_uri) = (self.clone(), redirect_uri.into());
        OneTimeGrant::new(move |_attempt| wire::redemption(&cloud, &code, &redirect_uri))
    }

    fn with_query<'a>(
        &self,
        path: &str,
        query: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let pairs = query.into_iter().map(|(name, value)| {
            let name = percent_encode(self.dialect.parameter(name));
            format!("{name}={}", percent_encode(value))
        });
        let pairs: Vec<_> = pairs.collect();
        format!("{}?{}", self.base.join(path), pairs.join("&"))
    }
}

/// Returns the redirect's own reason for not having a code (RFC 6749 section 4.1.2.1).
fn refusal(query: &str, data: &str, code_name: &str) -> Option<Error> {
    let codes = values(query, code_name).map(|code| code.secret());
    let secrets: Vec<_> = codes.chain([Secret::from(data)]).collect();
    let code = values(query, "error").next()?;
    let error = Error::new(ErrorKind::Rejected, "the authorization was refused");
    Some(error.with_code(&code.decoded, &Scrubber::new(&secrets)))
}

/// Returns the query of a URL, or the text itself if it is a query alone.
fn query_of(redirect: &str) -> &str {
    let without_fragment = redirect.split('#').next().unwrap_or_default();
    match without_fragment.split_once('?') {
        Some((_, query)) => query,
        None => without_fragment,
    }
}

/// A parameter's value, raw and decoded.
struct Value<'a> {
    raw: &'a str,
    decoded: Cow<'a, str>,
}

/// Returns the value with this name, which must occur exactly once.
fn only<'a>(query: &'a str, name: &str) -> Result<Value<'a>, Error> {
    let mut values = values(query, name);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.raw.is_empty() => Ok(value),
        _ => Err(Error::new(
            ErrorKind::Protocol,
            "the redirect does not have exactly one code and one `data`",
        )),
    }
}

fn values<'a>(query: &'a str, name: &str) -> impl Iterator<Item = Value<'a>> {
    query.split('&').filter_map(move |pair| {
        let (_, raw) = pair.split_once('=')?;
        let (key, decoded) = form_urlencoded::parse(pair.as_bytes()).next()?;
        (key == name).then_some(Value { raw, decoded })
    })
}

impl Value<'_> {
    /// The vendor does not say whether it encodes `data`, so both readings are compared, without an
    /// early exit.
    fn matches(&self, expected: &str) -> bool {
        let expected = Secret::from(expected);
        let raw = Secret::from(self.raw).same_as(&expected);
        let decoded = Secret::from(self.decoded.as_ref()).same_as(&expected);
        raw | decoded
    }

    fn secret(&self) -> Secret {
        Secret::from(self.decoded.as_ref())
    }
}
