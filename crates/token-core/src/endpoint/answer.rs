//! The answer of a token endpoint, and the checks that every vendor needs.

mod date;
pub(crate) mod lifetime;
pub(crate) mod outcome;
mod own_secrets;
mod reading;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use self::own_secrets::secrets_in;
use crate::endpoint::attempt::Step;
use crate::endpoint::request::Request;
use crate::endpoint::server_clock::{self, ServerOffset};
use crate::error::{Error, ErrorKind};
use crate::scrub::Scrubber;
use crate::token::time::Timestamp;

/// A vendor's answer, with the request and the time at which it was sent.
///
/// ```
/// use bytes::Bytes;
/// use token_core::{Answer, BaseUrl, PlainHttp, Request, ServerOffset, Step, Timestamp};
///
/// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
/// let request = Request::post(&base, "/token").build(Step::Refresh)?;
/// let response = http::Response::new(Bytes::from(r#"{"access_token":"A1","expires_in":"3600"}"#));
/// let asked_at = Timestamp::from_unix_seconds(1_700_000_000);
/// let answer = Answer::new(&request, &response, asked_at, ServerOffset::NONE);
///
/// let document = answer.document()?;
/// let lifetime = answer.lifetime().seconds(&document, &["expires_in"]);
/// assert_eq!(lifetime.end(), Some(Timestamp::from_unix_seconds(1_700_003_600)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Answer<'a> {
    request: &'a Request,
    response: &'a http::Response<Bytes>,
    asked_at: Timestamp,
    offset: ServerOffset,
}

impl<'a> Answer<'a> {
    /// Creates an answer to `request`, which was sent at `asked_at` by the local clock. `offset` is
    /// that of the server's clock.
    pub fn new(
        request: &'a Request,
        response: &'a http::Response<Bytes>,
        asked_at: Timestamp,
        offset: ServerOffset,
    ) -> Self {
        Self {
            request,
            response,
            asked_at,
            offset,
        }
    }

    /// Returns the request.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the headers, also those of a redirect. They may contain a token.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the body, at most 64 KiB. It may contain a token.
    pub fn body(&self) -> &[u8] {
        self.response.body()
    }

    /// Returns the local time just before the request was sent, from which relative lifetimes
    /// count.
    pub fn asked_at(&self) -> Timestamp {
        self.asked_at
    }

    /// Returns the offset of the server's clock, or [`ServerOffset::NONE`] if it is not known.
    pub fn server_offset(&self) -> ServerOffset {
        self.offset
    }

    /// Returns `Retry-After`, given in seconds or as a date (RFC 9110 section 10.2.3), clamped to
    /// between one second and one hour.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers().get(RETRY_AFTER)?.to_str().ok()?;
        let server_now = self.offset.server_time(self.asked_at);
        server_clock::retry_after(value, self.headers(), server_now)
    }

    /// Creates an error with a constant text about this answer. It contains the step, host and path
    /// of the request, the status, and `Retry-After`.
    pub fn error(&self, kind: ErrorKind, what: &'static str) -> Error {
        let error = Error::new(kind, what)
            .with_request(self.request)
            .with_status(self.status());
        match (self.retry_after(), kind) {
            // An account stays locked at least as long as the vendor documents, whatever the header
            // says.
            (Some(after), ErrorKind::Locked { after: documented }) => {
                error.with_retry_after(after.max(documented))
            }
            (Some(after), _) => error.with_retry_after(after),
            (None, _) => error,
        }
    }

    /// Creates the error for a refusal in the vendor's documented format. The code and message are
    /// scrubbed of all secrets that the request remembers or the answer contains.
    pub fn refused(&self, kind: ErrorKind, code: &str, message: &str) -> Error {
        let scrubber = self.scrubber();
        self.error(kind, "the vendor refused")
            .as_vendors_word()
            .with_code(code, &scrubber)
            .with_message(message, &scrubber)
    }

    /// Returns a scrubber for all secrets of the request and the answer.
    pub fn scrubber(&self) -> Scrubber {
        let own = secrets_in(self.response);
        Scrubber::new(self.request.secrets().chain(&own))
    }

    /// Creates the error for a refusal that is not in the vendor's format, such as a gateway's
    /// JSON. The code and message are scrubbed.
    pub fn refused_in_another_format(&self, kind: ErrorKind, code: &str, message: &str) -> Error {
        let scrubber = self.scrubber();
        self.error(kind, "the answer is not in the vendor's format")
            .with_code(code, &scrubber)
            .with_message(message, &scrubber)
    }

    /// Creates the error for an answer that does not contain what the vendor documents, such as a
    /// success without a token.
    ///
    /// The kind is [`ErrorKind::InDoubt`] for a success that answers a refresh or a redemption,
    /// since the refresh token or code may be spent; otherwise [`ErrorKind::Protocol`].
    pub fn not_understood(&self, what: &'static str) -> Error {
        let kind = match self.status().is_success() && self.may_have_spent() {
            true => ErrorKind::InDoubt,
            false => ErrorKind::Protocol,
        };
        self.error(kind, what)
    }

    /// Returns whether the request contained something that may work only once.
    pub(super) fn may_have_spent(&self) -> bool {
        matches!(self.request.step(), Step::Refresh | Step::Redemption)
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} to {:?})", self.status(), self.request)
    }
}

#[cfg(test)]
mod tests;
