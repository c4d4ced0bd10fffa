//! What came back from a token endpoint, and the checks that every vendor needs.

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

/// A vendor's answer, with what was asked and when.
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
    /// An answer to `request`, which was sent at `asked_at` by the local clock; `offset` is what
    /// the server's clock differs by.
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

    /// What was asked.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers, a redirect's too. They may hold a token.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The body, at most 64 KiB. It may hold a token.
    pub fn body(&self) -> &[u8] {
        self.response.body()
    }

    /// The local time just before the request was sent: relative lifetimes count from here.
    pub fn asked_at(&self) -> Timestamp {
        self.asked_at
    }

    /// What the server's clock differs by, where its `Date` could be believed.
    pub fn server_offset(&self) -> ServerOffset {
        self.offset
    }

    /// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), clamped to one second up to
    /// one hour.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers().get(RETRY_AFTER)?.to_str().ok()?;
        let server_now = self.offset.server_time(self.asked_at);
        server_clock::retry_after(value, self.headers(), server_now)
    }

    /// An error of our own about this answer. It names what was asked of which host, the status,
    /// and how long the vendor asks to wait.
    pub fn error(&self, kind: ErrorKind, what: &'static str) -> Error {
        let error = Error::new(kind, what)
            .with_request(self.request)
            .with_status(self.status());
        match (self.retry_after(), kind) {
            // The vendor's documents know better than a header how long an account stays frozen.
            (Some(after), ErrorKind::Locked { after: documented }) => {
                error.with_retry_after(after.max(documented))
            }
            (Some(after), _) => error.with_retry_after(after),
            (None, _) => error,
        }
    }

    /// The vendor's refusal. Its code and message are scrubbed of every secret that the request
    /// remembers and of those that the answer itself brings.
    pub fn refused(&self, kind: ErrorKind, code: &str, message: &str) -> Error {
        let scrubber = self.scrubber();
        self.error(kind, "the vendor refused")
            .as_vendors_word()
            .with_code(code, &scrubber)
            .with_message(message, &scrubber)
    }

    /// What takes every secret of the request and of the answer out of the vendor's texts.
    pub fn scrubber(&self) -> Scrubber {
        let own = secrets_in(self.response);
        Scrubber::new(self.request.secrets().chain(&own))
    }

    /// A refusal in a format that is not the vendor's own, such as a gateway's JSON. Its code and
    /// message are scrubbed.
    pub fn refused_by_stranger(&self, kind: ErrorKind, code: &str, message: &str) -> Error {
        let scrubber = self.scrubber();
        self.error(kind, "the answer is not in the vendor's format")
            .with_code(code, &scrubber)
            .with_message(message, &scrubber)
    }

    /// An error for an answer that does not have what the vendor documents, such as a success
    /// without a token.
    ///
    /// For a success that answers a refresh or a redemption it is [`ErrorKind::InDoubt`], since
    /// what was sent may be spent; else [`ErrorKind::Protocol`].
    pub fn not_understood(&self, what: &'static str) -> Error {
        let kind = match self.status().is_success() && self.may_have_spent() {
            true => ErrorKind::InDoubt,
            false => ErrorKind::Protocol,
        };
        self.error(kind, what)
    }

    /// Returns whether the request had something in it that may work only once.
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
