//! A request to a token endpoint, which remembers the secrets that were put into it.

pub(crate) mod builder;

use std::fmt;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, Uri};

use crate::endpoint::attempt::Step;
use crate::error::Error;
use crate::scrub::Scrubber;
use crate::token::secret::Secret;

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
/// Every secret that goes in through a `…_secret` method or [`basic`](crate::RequestBuilder::basic) is
/// remembered, so that the vendor's answer is scrubbed of it. Its `Debug` shows the host and no
/// path, query, header or body.
#[derive(Clone)]
pub struct Request {
    step: Step,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    secrets: Vec<Secret>,
}

impl Request {
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

    /// The path that it goes to, without the query. It may hold a secret: show it only after
    /// [scrubbing](Request::scrubber).
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Whether it goes over TLS, so that the `Date` of the answer can be believed.
    pub fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// The request for the wire. It holds secrets: hand it to an [`HttpClient`](crate::HttpClient)
    /// and to nothing else.
    pub fn to_http(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// Every secret that it remembers, such as for [`remembering`](Self::remembering) them in a
    /// later request of the exchange.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter()
    }

    /// The same request, with these secrets remembered too: those that the answer may echo though
    /// they were not sent. The engine adds those of the token in hand and of the earlier requests
    /// of the exchange.
    #[must_use]
    pub fn remembering<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        self.secrets.extend(secrets.into_iter().cloned());
        self
    }

    /// Whether this secret was put into the request, or is remembered with it.
    pub(crate) fn remembers(&self, secret: &Secret) -> bool {
        self.secrets.iter().any(|known| known.same_as(secret))
    }

    /// What takes the remembered secrets out of the vendor's texts.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber::new(self.secrets())
    }
}

impl Error {
    /// Adds what is safe to show of the request that failed: its step, its host and port, and its
    /// path without the query. Secrets that the request holds are scrubbed from the path.
    #[must_use]
    pub fn with_request(self, request: &Request) -> Self {
        const LONGEST_PATH: usize = 128;
        let path = request.scrubber().scrub(request.path(), LONGEST_PATH);
        self.of_request(request.step, request.authority(), path)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request({:?}: {} {})",
            self.step,
            self.method,
            self.host()
        )
    }
}

#[cfg(test)]
mod tests;
