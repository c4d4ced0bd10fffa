//! A request to a token endpoint, which remembers its secrets.

mod address;
mod body;
pub(crate) mod builder;
pub(crate) mod signature;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, Uri};

use crate::endpoint::attempt::Step;
use crate::error::Error;
use crate::scrub::Scrubber;
use crate::token::Token;
use crate::token::secret::Secret;

/// A request of an exchange, ready to be sent.
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
/// Every secret that is added by a `…_secret` method or by `basic` is remembered, so that it is
/// scrubbed from errors about the vendor's answer. `Debug` shows the host, but no path, query,
/// header or body.
#[derive(Clone)]
pub struct Request {
    step: Step,
    head: Arc<Head>,
    body: Bytes,
    secrets: Vec<Secret>,
}

/// What many requests to one address have in common.
#[derive(Clone)]
struct Head {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Request {
    /// Returns the purpose of the request.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the host, without the port.
    pub fn host(&self) -> &str {
        self.head.uri.host().unwrap_or_default()
    }

    /// Returns the host, with the port if one was given.
    pub fn authority(&self) -> &str {
        self.head.uri.authority().map_or("", Authority::as_str)
    }

    /// Returns the path, without the query. It may contain a secret: show it only after
    /// [scrubbing](Request::scrubber).
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// Returns whether the request is sent over TLS, so that the `Date` of the answer can be
    /// trusted.
    pub fn is_tls(&self) -> bool {
        self.head.uri.scheme_str() == Some("https")
    }

    /// Returns the request to send. It contains secrets: pass it only to an
    /// [`HttpClient`](crate::HttpClient).
    pub fn to_http(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        *request.headers_mut() = self.head.headers.clone();
        request
    }

    /// Returns the remembered secrets, such as to [remember](Self::remembering) them in a later
    /// request of the exchange.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter()
    }

    /// Remembers further secrets that the answer may repeat although they were not sent. The engine
    /// adds those of the current token and of the earlier requests of the exchange.
    #[must_use]
    pub fn remembering<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// Returns whether this secret was added to the request or is remembered with it.
    pub(crate) fn remembers(&self, secret: &Secret) -> bool {
        self.secrets.iter().any(|known| known.same_as(secret))
    }

    /// Returns a scrubber for the remembered secrets.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber::new(self.secrets())
    }
}

/// The longest path in an error, in characters.
const LONGEST_PATH: usize = 128;

impl Error {
    /// Adds the parts of the failed request that are safe to show: its step, host, port, and its
    /// path without the query, scrubbed of the secrets that the request remembers.
    #[must_use]
    pub fn with_request(self, request: &Request) -> Self {
        let path = request.scrubber().scrub(request.path(), LONGEST_PATH);
        self.of_request(request.step, request.authority(), path)
    }
}

impl Error {
    /// Adds the parts of a failed API request that are safe to show: the host, the port, and the
    /// path without the query, scrubbed of the token's secrets.
    #[must_use]
    pub fn with_api_request(self, uri: &Uri, token: &Token) -> Self {
        let path = Scrubber::new(token.secrets()).scrub(uri.path(), LONGEST_PATH);
        let host = uri.authority().map_or("", Authority::as_str);
        self.of_request(Step::Api, host, path)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request({:?}: {} {})",
            self.step,
            self.head.method,
            self.host()
        )
    }
}

#[cfg(test)]
mod tests;
