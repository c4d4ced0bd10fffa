//! Carries one request and brings its answer.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use crate::error::{Error, ErrorKind};
use crate::scrub::Scrubber;

/// The most bytes of a body that a client may take in: 64 KiB. No token answer is nearly as long.
pub const LONGEST_BODY: usize = 64 * 1024;

/// An HTTP client for token endpoints.
///
/// An implementation
///
/// * *must not* follow redirects, send a referer, or retry;
/// * *must* stop at [`LONGEST_BODY`] bytes of body while it streams;
/// * *must* fail with [`SendError`] when `within` is over, connecting included;
/// * *must* say truthfully whether bytes of the request may have left: "no" only if it is certain;
/// * *must not* put the URL, a header or the body into a log or an error.
///
/// A status of any kind, redirects included, is an answer and no error.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and brings the whole answer, within the given time.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError>;
}

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

/// No answer came.
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

/// Why no answer came.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The host's name could not be resolved.
    Resolve,
    /// No connection could be made.
    Connect,
    /// TLS could not be agreed on: an unknown issuer, a wrong name, no common version.
    Tls,
    /// The proxy refused.
    Proxy,
    /// The time was over.
    Timeout,
    /// The connection broke before the whole answer was there.
    Interrupted,
    /// The body is longer than [`LONGEST_BODY`].
    TooLong,
    /// The request is not one that this client may or can send.
    Unsendable,
    /// Anything else.
    Other,
}

impl SendError {
    /// It is certain that no byte of the request left: it may be sent again.
    pub fn before_sending(failure: SendFailure) -> Self {
        Self {
            failure,
            may_have_left: false,
            kind: None,
            status: None,
            detail: None,
        }
    }

    /// Bytes of the request may have left: the outcome is unknown.
    pub fn maybe_sent(failure: SendFailure) -> Self {
        Self {
            failure,
            may_have_left: true,
            kind: None,
            status: None,
            detail: None,
        }
    }

    /// Adds a text of the transport's own, such as why a certificate is not trusted. It *must not*
    /// come from the server's bytes or hold a URL.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says what the caller should do, if the transport knows it better than
    /// [`to_error`](Self::to_error) can tell from the failure: [`ErrorKind::Config`] for a
    /// certificate that stays untrusted until somebody changes something.
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

    /// Adds the status of an answer that came and cannot be passed on.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Why.
    pub fn failure(&self) -> SendFailure {
        self.failure
    }

    /// Whether bytes of the request may have left.
    pub fn may_have_left(&self) -> bool {
        self.may_have_left
    }

    /// Converts this into the error that callers of `token()` receive: of the kind given to
    /// [`as_kind`](Self::as_kind), else [`ErrorKind::Config`] if the request cannot be sent at all,
    /// [`ErrorKind::InDoubt`] if bytes may have left, and [`ErrorKind::Transient`] otherwise. Add
    /// the request with [`Error::with_request`].
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
            Self::Resolve => "the host's name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::Tls => "TLS could not be agreed on",
            Self::Proxy => "the proxy refused",
            Self::Timeout => "no answer came in time",
            Self::Interrupted => "the connection broke before the whole answer was there",
            Self::TooLong => "the answer is longer than any token answer",
            Self::Unsendable => "the request cannot be sent",
            Self::Other => "the request failed",
        }
    }
}
