use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use zeroize::Zeroizing;

use super::address::{NOT_A_URL, with_query};
use super::body::{Body, ObjectWriter};
use super::{Head, Request};
use crate::endpoint::attempt::Step;
use crate::endpoint::base_url::BaseUrl;
use crate::endpoint::query::push_pair;
use crate::error::{Error, ErrorKind};
use crate::token::secret::{Secret, sensitive_header};

/// Builds a [`Request`]. Values are percent-encoded or escaped by the builder.
///
/// Clones share the address and the headers until one of them is changed. An endpoint can therefore
/// keep a builder with what all its requests begin with, and clone it for each.
#[must_use]
pub struct RequestBuilder {
    pub(super) head: Arc<Head>,
    query: String,
    body: Body,
    secrets: Vec<Secret>,
    /// Why the request cannot be built.
    invalid: Option<&'static str>,
}

/// Most forms are no longer, in bytes.
const FORM: usize = 256;
/// A request has a few secrets: those of the client, of the grant, and of the current token.
const SECRETS: usize = 8;

impl Request {
    /// Returns a builder for a GET request.
    pub fn get(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::GET, base, path)
    }

    /// Returns a builder for a POST request.
    pub fn post(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::POST, base, path)
    }

    /// Returns a builder for a PUT request.
    pub fn put(base: &BaseUrl, path: &str) -> RequestBuilder {
        Self::method(Method::PUT, base, path)
    }

    /// Returns a builder for a request with any method. `path` starts with a slash, is already
    /// percent-encoded, and has no query.
    pub fn method(method: Method, base: &BaseUrl, path: &str) -> RequestBuilder {
        RequestBuilder::new(method, base.join(path))
    }
}

impl RequestBuilder {
    fn new(method: Method, address: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Token answers are short, and a compressed one may be unreadable after the token was
        // spent.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let (uri, invalid) = match Uri::try_from(address) {
            Ok(uri) => (uri, None),
            Err(_) => (Uri::default(), Some(NOT_A_URL)),
        };
        let head = Head {
            method,
            uri,
            headers,
        };
        Self {
            head: Arc::new(head),
            query: String::new(),
            body: Body::Nothing,
            secrets: Vec::with_capacity(SECRETS),
            invalid,
        }
    }

    /// Adds a query parameter; a space is encoded as `%20`.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        push_pair(&mut self.query, name, value);
        self
    }

    /// Adds a query parameter that is a secret.
    pub fn query_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).query(name, value.expose())
    }

    /// Adds a parameter to an `application/x-www-form-urlencoded` body, which replaces a JSON body.
    pub fn form(mut self, name: &str, value: &str) -> Self {
        let mut pairs = match self.body {
            Body::Form(pairs) => pairs,
            _ => String::with_capacity(FORM),
        };
        push_pair(&mut pairs, name, value);
        self.body = Body::Form(pairs);
        self
    }

    /// Adds a parameter that is a secret to a form body.
    pub fn form_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).form(name, value.expose())
    }

    /// Adds a string field to a flat JSON body, which replaces a form body.
    pub fn json(self, name: &str, value: &str) -> Self {
        self.json_field(|object| object.text(name, value))
    }

    /// Adds a string field that is a secret to a flat JSON body.
    pub fn json_secret(self, name: &str, value: &Secret) -> Self {
        self.remember(value).json(name, value.expose())
    }

    /// Adds a number field to a flat JSON body.
    pub fn json_number(self, name: &str, value: i64) -> Self {
        self.json_field(|object| object.number(name, value))
    }

    /// Adds a boolean field to a JSON body.
    pub fn json_bool(self, name: &str, value: bool) -> Self {
        self.json_field(|object| object.raw(name, if value { "true" } else { "false" }))
    }

    /// Adds a field with any value to a JSON body: an object, a list, or null. For a secret in it,
    /// also call [`remember`](Self::remember).
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use token_core::{BaseUrl, PlainHttp, Request, Secret, Step};
    ///
    /// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
    /// let password = Secret::from("p");
    /// let user = BTreeMap::from([("name", "alice"), ("password", password.expose())]);
    /// let request = Request::post(&base, "/login")
    ///     .json_value("user", &user)
    ///     .json_bool("remember", true)
    ///     .remember(&password)
    ///     .build(Step::Login)?;
    /// let body = br#"{"user":{"name":"alice","password":"p"},"remember":true}"#;
    /// assert_eq!(request.to_http().body().as_ref(), body);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// If the value has no form in JSON, [`build`](Self::build) fails.
    pub fn json_value(mut self, name: &str, value: &(impl serde_core::Serialize + ?Sized)) -> Self {
        let Ok(written) = serde_json::to_string(value).map(Zeroizing::new) else {
            self.invalid = Some("a value of the request's body has no form in JSON");
            return self;
        };
        self.json_field(|object| object.raw(name, &written))
    }

    /// Sets a body of any content type, in the place of a form or a JSON body.
    pub fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.body = Body::Raw(content_type, bytes.into());
        self
    }

    /// Sets a body of any content type that is a secret as a whole, such as a signed assertion. For
    /// a body that contains one, use [`body`](Self::body) and [`remember`](Self::remember).
    pub fn body_secret(self, content_type: &'static str, body: &Secret) -> Self {
        self.remember(body)
            .body(content_type, body.expose().to_owned())
    }

    /// Adds a header. Its value is marked sensitive, unless it is the content type.
    pub fn header(self, name: HeaderName, value: &str) -> Self {
        let value = match name == CONTENT_TYPE {
            true => HeaderValue::from_str(value).ok(),
            false => sensitive_header(value),
        };
        self.header_value(name, value)
    }

    fn header_value(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        match value {
            Some(value) => _ = Arc::make_mut(&mut self.head).headers.insert(name, value),
            None => self.invalid = self.invalid.or(Some(NOT_A_HEADER)),
        }
        self
    }

    /// Adds a header that is a secret.
    pub fn header_secret(self, name: HeaderName, value: &Secret) -> Self {
        self.remember(value).header(name, value.expose())
    }

    /// Adds `Authorization: Basic` with `id:secret` in base64 (RFC 7617), without the form encoding
    /// of RFC 6749 section 2.3.1; for that, [`percent_encode`](crate::percent_encode) both.
    pub fn basic(self, id: &str, secret: &Secret) -> Self {
        const SCHEME: &str = "Basic ";
        let pair = Zeroizing::new([id, ":", secret.expose()].concat());
        let mut value = String::with_capacity(SCHEME.len() + pair.len().div_ceil(3) * 4);
        value.push_str(SCHEME);
        BASE64_STANDARD.encode_string(&*pair, &mut value);
        let value = Secret::after(SCHEME, value);
        let header = value.as_header();
        self.remember(secret)
            .remember(&value)
            .header_value(AUTHORIZATION, header)
    }

    /// Remembers a secret that the request contains in another place, such as in its path.
    pub fn remember(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Builds the request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a value is not valid in a header (CR, LF, NUL) or has no form in
    /// JSON, or the path is not valid in a URL.
    pub fn build(self, step: Step) -> Result<Request, Error> {
        if let Some(why) = self.invalid {
            return Err(Error::new(ErrorKind::Config, why));
        }
        let mut head = self.head;
        if let Some(content_type) = self.body.content_type()
            && !head.headers.contains_key(CONTENT_TYPE)
        {
            let headers = &mut Arc::make_mut(&mut head).headers;
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if !self.query.is_empty() {
            let uri = &mut Arc::make_mut(&mut head).uri;
            *uri = with_query(std::mem::take(uri), &self.query)?;
        }
        Ok(Request {
            step,
            head,
            body: self.body.into_bytes(),
            secrets: self.secrets,
        })
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

impl Clone for RequestBuilder {
    fn clone(&self) -> Self {
        let mut secrets = Vec::with_capacity(SECRETS.max(self.secrets.len()));
        secrets.extend_from_slice(&self.secrets);
        Self {
            head: self.head.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            secrets,
            invalid: self.invalid,
        }
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBuilder({})", self.head.method)
    }
}

const NOT_A_HEADER: &str = "a value contains a character that is not allowed in a header";

pub(super) fn not_a_header() -> Error {
    Error::new(ErrorKind::Config, NOT_A_HEADER)
}
