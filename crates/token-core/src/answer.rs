//! What came back from a token endpoint, and the checks that every vendor needs.

mod own_secrets;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode, Uri};

use self::own_secrets::secrets_in;
use crate::error::{Error, ErrorKind};
use crate::expiry::Validity;
use crate::json::{Document, Malformed, NotANumber};
use crate::jwt;
use crate::request::Request;
use crate::scrub::Scrubber;
use crate::secret::Secret;
use crate::server_clock::{self, ServerOffset};
use crate::time::Timestamp;

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
/// let expires_at = answer.expires_in(&document, &["expires_in"]).transpose()?;
/// assert_eq!(expires_at, Some(Timestamp::from_unix_seconds(1_700_003_600)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Answer<'a> {
    request: &'a Request,
    response: &'a http::Response<Bytes>,
    asked_at: Timestamp,
    offset: ServerOffset,
}

/// No vendor means a token to live this long: a larger number is a mistake, such as milliseconds read as seconds.
const LONGEST_LIFE_SECONDS: i64 = 100 * 366 * 86_400;

impl<'a> Answer<'a> {
    /// An answer to `request`, which was sent at `asked_at` by the local clock; `offset` is what the server's clock differs by.
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

    /// The body as JSON, after the checks that hold for every vendor.
    ///
    /// # Errors
    ///
    /// What [`check_transport`](Self::check_transport) finds; [`ErrorKind::Transient`] for a web page where an answer should be
    /// (a captive portal, a login page); [`ErrorKind::InDoubt`] for a success that is cut short; [`ErrorKind::Config`] for a path
    /// that is not there; [`ErrorKind::Protocol`] for anything else that is no JSON.
    pub fn document(&self) -> Result<Document, Error> {
        self.check_transport()?;
        Document::parse(self.body()).map_err(|malformed| self.unreadable(malformed))
    }

    /// What a status says before the body is looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for a redirect, which is never followed and named by its host only; [`ErrorKind::Throttled`] for
    /// 429 and [`ErrorKind::Transient`] for 408, 425 and 5xx, both with `Retry-After` clamped to one second up to one hour.
    pub fn check_transport(&self) -> Result<(), Error> {
        let status = self.status();
        let after = self.retry_after();
        if status.is_redirection() {
            return Err(self.redirected());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.error(
                ErrorKind::Throttled { after },
                "the vendor asks for fewer requests",
            ));
        }
        if status.is_server_error()
            || status == StatusCode::REQUEST_TIMEOUT
            || status == StatusCode::TOO_EARLY
        {
            let error = self.error(ErrorKind::Transient { after }, "the vendor's server failed");
            return Err(error.with_code(status.as_str(), &self.scrubber()));
        }
        Ok(())
    }

    /// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), clamped to one second up to one hour.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers().get(RETRY_AFTER)?.to_str().ok()?;
        let server_now = self.offset.server_time(self.asked_at);
        server_clock::retry_after(value, self.headers(), server_now)
    }

    /// An error of our own about this answer, which names the host that was asked.
    pub fn error(&self, kind: ErrorKind, what: &'static str) -> Error {
        Error::new(kind, what)
            .with_request(self.request)
            .with_status(self.status())
    }

    /// The vendor's refusal. Its code and message are scrubbed of every secret that the request remembers and of those that the
    /// answer itself brings.
    pub fn refused(&self, kind: ErrorKind, code: &str, message: &str) -> Error {
        let scrubber = self.scrubber();
        self.error(kind, "the vendor refused")
            .as_vendors_word()
            .with_code(code, &scrubber)
            .with_message(message, &scrubber)
    }

    /// What takes every secret of the request and of the answer out of the vendor's texts.
    pub(crate) fn scrubber(&self) -> Scrubber {
        let own = secrets_in(self.response);
        Scrubber::new(self.request.secrets().chain(&own))
    }

    /// A lifetime in seconds, counted from before the request was sent, as an instant of the local clock; `None` where no field of
    /// these names is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for zero, a negative or absurd number, or no number.
    pub fn expires_in(&self, document: &Document, names: &[&str]) -> Option<Result<Timestamp, Error>> {
        let seconds = document.number(names)?;
        Some(
            seconds
                .map_err(|NotANumber| self.bad_expiry())
                .and_then(|seconds| self.ends_after(seconds)),
        )
    }

    /// An absolute expiry in Unix seconds of the server's clock, as an instant of the local clock; `None` where no field of these
    /// names is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for an instant that is past, absurdly far (milliseconds read as seconds), or no number.
    pub fn expires_at(&self, document: &Document, names: &[&str]) -> Option<Result<Timestamp, Error>> {
        let seconds = document.number(names)?;
        let instant = seconds
            .map(Timestamp::from_unix_seconds)
            .map_err(|NotANumber| self.bad_expiry());
        Some(instant.and_then(|instant| self.ends_at(instant)))
    }

    /// The expiry in the token's own `exp` claim, as an instant of the local clock; `None` where it is no JWT or has none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for an instant that is past or absurdly far.
    pub fn jwt_expiry(&self, access: &Secret) -> Option<Result<Timestamp, Error>> {
        let instant = jwt::claims(access.expose())?.expires_at?;
        Some(self.ends_at(instant))
    }

    /// The validity that ends at `expires_at` and began when the request was sent.
    pub fn validity_until(&self, expires_at: Timestamp) -> Validity {
        Validity::new(self.asked_at, expires_at)
    }

    fn ends_after(&self, seconds: i64) -> Result<Timestamp, Error> {
        if !(1..=LONGEST_LIFE_SECONDS).contains(&seconds) {
            return Err(self.bad_expiry());
        }
        Ok(self.asked_at.after(Duration::from_secs(seconds.unsigned_abs())))
    }

    fn ends_at(&self, server_instant: Timestamp) -> Result<Timestamp, Error> {
        let local = self.offset.local_time(server_instant);
        let life = local.since(self.asked_at);
        if life.is_zero() || life > Duration::from_secs(LONGEST_LIFE_SECONDS.unsigned_abs()) {
            return Err(self.bad_expiry());
        }
        Ok(local)
    }

    fn bad_expiry(&self) -> Error {
        self.error(
            ErrorKind::Protocol,
            "the token's expiry is zero, past, absurdly far or no number",
        )
    }

    fn redirected(&self) -> Error {
        let location = self.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|text| text.parse::<Uri>().ok());
        let error = self.error(
            ErrorKind::Protocol,
            "the vendor answered with a redirect, which is not followed",
        );
        match target.as_ref().and_then(Uri::authority) {
            Some(target) => error.with_host(&self.scrubber().scrub(target.as_str(), 255)),
            None => error,
        }
    }

    fn unreadable(&self, malformed: Malformed) -> Error {
        let status = self.status();
        if status == StatusCode::NOT_FOUND
            || status == StatusCode::METHOD_NOT_ALLOWED
            || status == StatusCode::GONE
        {
            return self.error(ErrorKind::Config, "there is no token endpoint at this address");
        }
        let (kind, what) = match malformed {
            Malformed::Html if status.is_success() => (
                ErrorKind::Transient { after: None },
                "a web page came where the vendor's answer should be",
            ),
            Malformed::CutShort if status.is_success() => (ErrorKind::InDoubt, "the answer is cut short"),
            Malformed::Empty => (ErrorKind::Protocol, "the answer is empty"),
            _ => (
                ErrorKind::Protocol,
                "the answer is not the JSON that the vendor documents",
            ),
        };
        self.error(kind, what)
            .with_code(status.as_str(), &self.scrubber())
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} to {:?})", self.status(), self.request)
    }
}

#[cfg(test)]
mod tests;
