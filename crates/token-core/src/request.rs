//! A request to a token endpoint, which remembers the secrets that were put into it.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::base_url::BaseUrl;
use crate::encoding::percent_encode;
use crate::error::{Error, ErrorKind};
use crate::json::ObjectWriter;
use crate::scrub::Scrubber;
use crate::secret::Secret;

/// One request of an exchange, ready to be sent.
///
/// ```
/// use token_core::{BaseUrl, PlainHttp, Request, Secret, Step};
///
/// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// let request = Request::post(&base, "/oauth2/token")
///     .basic("client", &Secret::from("secret"))
///     .form("grant_type", "refresh_token")
///     .form_secret("refresh_token", &Secret::from("R1"))
///     .build(Step::Refresh)?;
/// assert_eq!(format!("{request:?}"), "Request(Refresh: POST example.com)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every secret that goes in through a `…_secret` method or [`basic`](RequestBuilder::basic) is remembered, so that the vendor's
/// answer is scrubbed of it. Its `Debug` shows the host and no path, query, header or body.
#[derive(Clone)]
pub struct Request {
    step: Step,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    secrets: Vec<Secret>,
}

/// What a request of an exchange is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Gets a first token from long-lived credentials.
    Login,
    /// Turns the current token into the next.
    Refresh,
    /// Turns a one-time code or a person's password into a first token; sent once.
    Redemption,
    /// Tells the vendor that a token is to die.
    Revocation,
    /// Asks the vendor whether a token lives.
    Introspection,
    /// A later step of a login of several; the endpoint's own name for it.
    Further(&'static str),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Redemption => "redemption",
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
            Self::Further(name) => name,
        })
    }
}

impl Request {
    /// Begins a GET.
    pub fn get(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::GET, base, path)
    }

    /// Begins a POST.
    pub fn post(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::POST, base, path)
    }

    /// Begins a PUT.
    pub fn put(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::PUT, base, path)
    }

    /// Begins a request with any method. `path` starts with a slash, is percent-encoded already, and has no query.
    pub fn method(method: Method, base: &BaseUrl, path: &str) -> RequestBuilder {
        RequestBuilder {
            method,
            address: base.join(path),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            secrets: Vec::new(),
        }
    }

    /// What it is for.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The host that it goes to, without the port.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// The host that it goes to, with the port if one was given.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", Authority::as_str)
    }

    /// The path that it goes to, without the query. It may hold a secret: show it only after [scrubbing](Request::scrubber).
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Whether it goes over TLS, so that the `Date` of the answer can be believed.
    pub fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// The request for the wire. It holds secrets: hand it to an [`HttpClient`](crate::HttpClient) and to nothing else.
    pub fn to_http(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// The same request, with these secrets remembered too: those that the answer may echo though they were not sent.
    #[must_use]
    pub fn remembering<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// What takes the remembered secrets out of the vendor's texts.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber::new(&self.secrets)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?}: {} {})", self.step, self.method, self.host())
    }
}

/// Puts a [`Request`] together. Everything is percent-encoded or escaped here, so values are given as they are.
#[must_use]
pub struct RequestBuilder {
    method: Method,
    address: String,
    query: Vec<String>,
    headers: Vec<(HeaderName, String)>,
    body: Body,
    secrets: Vec<Secret>,
}

#[derive(Clone)]
enum Body {
    Nothing,
    Form(Vec<String>),
    Json(ObjectWriter),
}

impl RequestBuilder {
    /// A query parameter; a space is written `%20`.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(pair(name, value));
        self
    }

    /// A query parameter that holds a secret.
    pub fn query_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).query(name, value.expose())
    }

    /// A parameter of an `application/x-www-form-urlencoded` body.
    pub fn form(mut self, name: &str, value: &str) -> Self {
        let mut pairs = match self.body {
            Body::Form(pairs) => pairs,
            _ => Vec::new(),
        };
        pairs.push(pair(name, value));
        self.body = Body::Form(pairs);
        self
    }

    /// A parameter of a form body that holds a secret.
    pub fn form_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).form(name, value.expose())
    }

    /// A text field of a flat JSON body.
    pub fn json(self, name: &str, value: &str) -> Self {
        self.json_field(|object| object.text(name, value))
    }

    /// A text field of a flat JSON body that holds a secret.
    pub fn json_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).json(name, value.expose())
    }

    /// A number field of a flat JSON body.
    pub fn json_number(self, name: &str, value: i64) -> Self {
        self.json_field(|object| object.number(name, value))
    }

    /// A header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A header that holds a secret.
    pub fn header_secret(self, name: HeaderName, value: &Secret) -> Self {
        self.remember(value).header(name, value.expose())
    }

    /// `Authorization: Basic` with base64 of `id:secret` as they are, without the encoding of RFC 6749 section 2.3.1; for that,
    /// [`percent_encode`] both.
    pub fn basic(self, id: &str, secret: &Secret) -> Self {
        let value = Secret::from(BASE64_STANDARD.encode(format!("{id}:{}", secret.expose())));
        self.remember(secret)
            .remember(&value)
            .header(AUTHORIZATION, &format!("Basic {}", value.expose()))
    }

    /// Remembers a secret that is in the request in a way of the endpoint's own, such as in its path.
    pub fn remember(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// The finished request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where a value cannot be in a header (CR, LF, NUL) or the path is no path.
    pub fn build(self, step: Step) -> Result<Request, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            headers.insert(name, sensitive_header(value)?);
        }
        if let Some(content_type) = self.body.content_type() {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(content_type));
        }
        let uri = self.uri()?;
        let body = self.body.into_bytes();
        Ok(Request {
            step,
            method: self.method,
            uri,
            headers,
            body,
            secrets: self.secrets,
        })
    }

    fn uri(&self) -> Result<Uri, Error> {
        let query = self.query.join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let address = format!("{}{mark}{query}", self.address);
        address
            .parse()
            .map_err(|_| Error::new(ErrorKind::Config, "the endpoint's path makes no valid URL"))
    }

    fn json_field(mut self, write: impl FnOnce(&mut ObjectWriter)) -> Self {
        let mut object = match self.body {
            Body::Json(object) => object,
            _ => ObjectWriter::default(),
        };
        write(&mut object);
        self.body = Body::Json(object);
        self
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBuilder({})", self.method)
    }
}

impl Body {
    fn content_type(&self) -> Option<&'static str> {
        match self {
            Body::Nothing => None,
            Body::Form(_) => Some("application/x-www-form-urlencoded"),
            Body::Json(_) => Some("application/json"),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Body::Nothing => Bytes::new(),
            Body::Form(pairs) => pairs.join("&").into(),
            Body::Json(object) => object.finish().into(),
        }
    }
}

/// A header value that HTTP clients keep out of their own logs.
///
/// # Errors
///
/// [`ErrorKind::Config`] where the text has CR, LF, NUL or another control character.
pub(crate) fn sensitive_header(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::new(
            ErrorKind::Config,
            "a value has a character that no header may have",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", percent_encode(name), percent_encode(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_url::PlainHttp;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://example.com/x", PlainHttp::Refused).unwrap()
    }

    #[test]
    fn a_query_is_percent_encoded_with_twenty_for_a_space() {
        let token = Secret::from("QJWT a+b/c");
        let request = Request::get(&base(), "/r")
            .query_secret("refresh_token", &token)
            .build(Step::Refresh)
            .unwrap();
        let expected = "https://example.com/x/r?refresh_token=QJWT%20a%2Bb%2Fc";
        assert_eq!(request.to_http().uri().to_string(), expected);
    }

    #[test]
    fn debug_shows_no_secret_and_no_path() {
        let secret = Secret::from("tell-no-one");
        let builder = Request::post(&base(), "/r")
            .form_secret("a", &secret)
            .basic("id", &secret);
        let shown = format!("{builder:?}");
        let request = builder.query_secret("q", &secret).build(Step::Login).unwrap();
        let shown = format!("{shown} {request:?} {:?}", request.to_http().headers());
        assert!(
            !shown.contains("tell-no-one") && !shown.contains("aWQ6"),
            "{shown}"
        );
    }

    // FAULTS.md row 30
    #[test]
    fn control_characters_are_refused_before_a_header() {
        for bad in ["a\rb", "a\nb", "a\0b"] {
            let built = Request::get(&base(), "/")
                .header_secret(AUTHORIZATION, &Secret::from(bad))
                .build(Step::Login);
            assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn basic_is_raw_and_remembered() {
        let request = Request::post(&base(), "/t")
            .basic("a:b", &Secret::from("se cret"))
            .build(Step::Refresh)
            .unwrap();
        let value = request.to_http().headers()[AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(value, format!("Basic {}", BASE64_STANDARD.encode("a:b:se cret")));
        assert_eq!(request.scrubber().scrub(&value, 99), "Basic [scrubbed]");
    }
}
