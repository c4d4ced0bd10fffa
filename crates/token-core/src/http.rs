//! The HTTP client for token endpoints, and its error.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use crate::error::{Error, ErrorKind};
use crate::scrub::Scrubber;

/// The maximum length of a body that a client may read, in bytes: 64 KiB, far more than a token
/// answer needs.
pub const LONGEST_BODY: usize = 64 * 1024;

/// An HTTP client for token endpoints.
///
/// An implementation
///
/// * *must not* follow redirects, send a `Referer`, or retry;
/// * *must* stop reading the body at [`LONGEST_BODY`] bytes;
/// * *must* fail with [`SendError`] when `within` has elapsed, including the time to connect. If the
///   process was frozen at that moment, it *should* first return an answer that has arrived
///   meanwhile, but *must not* send a request that has not left;
/// * *must* report correctly whether bytes of the request may have been sent: "no" only if that is
///   certain;
/// * *must not* put the URL, a header or the body into a log or an error;
/// * *must not* send a request over a connection that was kept from an earlier one, unless the
///   request's extensions have [`Repeatable`].
///
/// An answer with any status, including a redirect, is not an error.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns the complete answer.
    ///
    /// # Errors
    ///
    /// [`SendError`] if there was no complete answer within the given time.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError>;
}

/// An extension of a request that may be sent again without harm: a repeatable login, or a refresh
/// whose refresh token is still accepted afterwards.
///
/// ```
/// use token_core::Repeatable;
/// use token_core::reexports::http;
///
/// let request = http::Request::get("https://id.example.com/token").extension(Repeatable).body(())?;
/// assert!(request.extensions().get::<Repeatable>().is_some());
/// # Ok::<(), http::Error>(())
/// ```
///
/// A server may close an idle connection just as a request is sent over it, and then it is unknown
/// whether the request was received. So an [`HttpClient`] may use a kept connection for a request
/// with this extension, and must open a new one for any other. The engine adds it to the first
/// attempt of an exchange that it would repeat, and [`exchange`](crate::exchange) to every request
/// but those with a single-use refresh token or a one-time grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeatable;

#[async_trait]
impl<C: HttpClient + ?Sized> HttpClient for std::sync::Arc<C> {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        (**self).send(request, within).await
    }
}

/// Makes an [`HttpClient`] of a closure that sends a request and returns the complete answer, such
/// as one over another version of reqwest.
///
/// ```
/// use bytes::Bytes;
/// use token_core::http_fn;
///
/// let client = http_fn(|request: http::Request<Bytes>| async move {
///     // Send it: with redirects switched off, and at most `LONGEST_BODY` bytes of the answer.
///     drop(request);
///     Ok::<_, std::io::Error>(http::Response::new(Bytes::from_static(b"{}")))
/// });
/// ```
///
/// The closure *must* keep the rules of [`HttpClient`]: no redirects, no retries, a limit to the
/// body, nothing in a log, and no pool of connections unless it looks for [`Repeatable`]. The
/// engine drops the closure's future when the timeout elapses, or up to 5 seconds later if the
/// process was frozen then; [`exchange`](crate::exchange) cannot, so that the closure then needs a
/// timeout of its own. Whatever the closure fails with counts as maybe sent, since a closure cannot
/// tell: an exchange with a single-use refresh token is then in doubt. The text of its error is
/// dropped, because it may contain the URL.
pub fn http_fn<F, Fut, E>(send: F) -> HttpFn<F>
where
    F: Fn(http::Request<Bytes>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<http::Response<Bytes>, E>> + Send,
{
    HttpFn(send)
}

/// An [`HttpClient`] made of a closure by [`http_fn`].
pub struct HttpFn<F>(F);

#[async_trait]
impl<F, Fut, E> HttpClient for HttpFn<F>
where
    F: Fn(http::Request<Bytes>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<http::Response<Bytes>, E>> + Send,
{
    async fn send(
        &self,
        request: http::Request<Bytes>,
        _within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let sent = (self.0)(request).await;
        let response = sent.map_err(|_| SendError::maybe_sent(SendFailure::Other))?;
        match response.body().len() > LONGEST_BODY {
            true => Err(SendError::maybe_sent(SendFailure::TooLong).with_status(response.status())),
            false => Ok(response),
        }
    }
}

impl<F> fmt::Debug for HttpFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpFn(…)")
    }
}

/// The failure of a request that got no complete answer.
///
/// ```
/// use token_core::{ErrorKind, SendError, SendFailure};
///
/// let refused = SendError::before_sending(SendFailure::Connect);
/// assert_eq!(refused.to_error().kind(), ErrorKind::Transient { after: None });
/// let cut = SendError::maybe_sent(SendFailure::Interrupted);
/// assert_eq!(cut.to_error().kind(), ErrorKind::InDoubt);
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{}", .failure.describe(), crate::error::suffix(.detail))]
pub struct SendError {
    failure: SendFailure,
    may_have_left: bool,
    kind: Option<ErrorKind>,
    status: Option<StatusCode>,
    detail: Option<String>,
}

/// Why a request got no complete answer.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The host name could not be resolved.
    Resolve,
    /// The connection could not be established.
    Connect,
    /// The TLS handshake failed: an unknown issuer, a wrong name, no common version.
    Tls,
    /// The proxy refused the connection.
    Proxy,
    /// The request timed out.
    Timeout,
    /// The connection was closed before the answer was complete.
    Interrupted,
    /// The body is longer than [`LONGEST_BODY`].
    TooLong,
    /// The client cannot or must not send this request.
    Unsendable,
    /// Anything else.
    Other,
}

impl SendError {
    /// Creates the error of a request of which certainly no byte was sent, so that it may be sent
    /// again.
    pub fn before_sending(failure: SendFailure) -> Self {
        Self {
            failure,
            may_have_left: false,
            kind: None,
            status: None,
            detail: None,
        }
    }

    /// Creates the error of a request of which bytes may have been sent, so that its outcome is
    /// unknown.
    pub fn maybe_sent(failure: SendFailure) -> Self {
        Self {
            failure,
            may_have_left: true,
            kind: None,
            status: None,
            detail: None,
        }
    }

    /// Adds a text of the transport, such as why a certificate is not trusted. It *must not*
    /// contain bytes that the server sent, or a URL.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the kind that [`to_error`](Self::to_error) returns, if the transport knows better than
    /// the failure tells: [`ErrorKind::Config`] for a certificate that remains untrusted until the
    /// configuration changes.
    ///
    /// ```
    /// use token_core::{ErrorKind, SendError, SendFailure};
    ///
    /// let untrusted = SendError::before_sending(SendFailure::Tls).as_kind(ErrorKind::Config);
    /// assert_eq!(untrusted.to_error().kind(), ErrorKind::Config);
    /// ```
    #[must_use]
    pub fn as_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds the status of an answer that was received but cannot be returned.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Returns why the request failed.
    pub fn failure(&self) -> SendFailure {
        self.failure
    }

    /// Returns whether bytes of the request may have been sent.
    pub fn may_have_left(&self) -> bool {
        self.may_have_left
    }

    /// Converts this into the error that callers of `token()` receive: of the kind given to
    /// [`as_kind`](Self::as_kind), else [`ErrorKind::Config`] if the request cannot be sent at all,
    /// [`ErrorKind::InDoubt`] if bytes may have been sent, and [`ErrorKind::Transient`] otherwise.
    /// Add the request with [`Error::with_request`].
    pub fn to_error(&self) -> Error {
        let kind = self.kind.unwrap_or(match self.failure {
            SendFailure::Unsendable => ErrorKind::Config,
            _ if self.may_have_left => ErrorKind::InDoubt,
            _ => ErrorKind::Transient { after: None },
        });
        let mut error = Error::new(kind, self.failure.describe());
        if let Some(status) = self.status {
            error = error.with_status(status);
        }
        match &self.detail {
            Some(detail) => error.with_message(detail, &Scrubber::new([])),
            None => error,
        }
    }
}

impl SendFailure {
    fn describe(self) -> &'static str {
        match self {
            Self::Resolve => "the host name could not be resolved",
            Self::Connect => "the connection could not be established",
            Self::Tls => "the TLS handshake failed",
            Self::Proxy => "the proxy refused the connection",
            Self::Timeout => "the request timed out",
            Self::Interrupted => "the connection was closed before the answer was complete",
            Self::TooLong => "the answer exceeds the size limit",
            Self::Unsendable => "the request cannot be sent",
            Self::Other => "the request failed",
        }
    }
}
