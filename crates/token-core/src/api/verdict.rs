//! What the answer of an API says about the token.

use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use super::challenge::Challenge;
use crate::endpoint::json::Document;
use crate::endpoint::server_clock;
use crate::token::time::Timestamp;

/// The longest body that is searched for a vendor's code, in bytes. A refusal has no data, and is
/// far shorter.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// The content types with which vendors send JSON, in lower case.
const JSON_TYPES: [&str; 4] = ["application/json", "text/json", "text/plain", "*/*"];

/// Types of streams, of which `+json` is one message: gRPC, Connect, and Spring's streams.
const MESSAGES: [&str; 3] = [
    "application/grpc",
    "application/connect",
    "application/stream",
];

/// The answer of an API to a request with a token, for
/// [`TokenEndpoint::judge`](crate::TokenEndpoint::judge).
#[derive(Clone, Copy)]
pub struct ApiResponse<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    body: Option<&'a [u8]>,
}

/// What the answer of an API says about the token that came with the request.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVerdict {
    /// The API accepted the token, and the request was carried out.
    Accepted,
    /// The API refused the token, and the request was not carried out. It may be sent once more
    /// with a new token.
    TokenRefused,
    /// The token is good, but is not allowed to do this: a new one would not help.
    InsufficientScope,
    /// Too many requests.
    Throttled {
        /// How long the API asks clients to wait.
        after: Option<Duration>,
    },
    /// Anything else, which is no statement about the token.
    Other,
}

impl<'a> ApiResponse<'a> {
    /// Creates an answer. `body` is the whole body, or `None` if it was not read: it was not
    /// [asked for](crate::TokenEndpoint::judge_needs_body), or it is longer.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: Option<&'a [u8]>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the whole body, if it was read.
    pub fn body(&self) -> Option<&'a [u8]> {
        self.body
    }

    /// Parses the body as JSON; `None` if it was not read or is not JSON.
    pub fn document(&self) -> Option<Document> {
        Document::parse(self.body?).ok()
    }

    /// Returns whether the body may be JSON and is not declared longer than `limit` bytes: the
    /// condition under which the vendor's code can be in it. Its type may be JSON, text, any
    /// (`*/*`) or missing. That of a client error may also be a web page, as many servers declare
    /// what they refuse.
    pub fn may_be_json_within(&self, limit: usize) -> bool {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let may_be_json = text(CONTENT_TYPE).is_none_or(|content_type| {
            let kind = content_type.split(';').next().unwrap_or_default();
            let kind = kind.trim().to_ascii_lowercase();
            let is_page = kind == "text/html" && self.status.is_client_error();
            let is_stream = MESSAGES.iter().any(|prefix| kind.starts_with(prefix));
            let is_json = kind.ends_with("+json") && !is_stream;
            is_page || JSON_TYPES.contains(&kind.as_str()) || is_json
        });
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        may_be_json && length.is_none_or(|length| length <= limit)
    }

    /// Returns how many bytes of the body to ask for, for a vendor whose code is in a JSON body of
    /// any length up to 64 KiB, for [`TokenEndpoint::judge_needs_body`]; `None` if there is no
    /// code: see [`refusal_document`](Self::refusal_document).
    ///
    /// [`TokenEndpoint::judge_needs_body`]: crate::TokenEndpoint::judge_needs_body
    pub fn refusal_limit(&self) -> Option<usize> {
        let may_have_code = self.is_of_the_api() && self.may_be_json_within(LONGEST_REFUSAL);
        may_have_code.then_some(LONGEST_REFUSAL)
    }

    /// Parses the body in which the vendor's code is looked for; `None` if it was not read, is not
    /// JSON, or came with a status other than 2xx and 4xx. A server error may come after the
    /// request was carried out, and a redirect comes from elsewhere: no code in them says the
    /// opposite.
    pub fn refusal_document(&self) -> Option<Document> {
        self.document().filter(|_| self.is_of_the_api())
    }

    fn is_of_the_api(&self) -> bool {
        self.status.is_success() || self.status.is_client_error()
    }

    /// Returns `Retry-After` (RFC 9110 section 10.2.3), clamped to between one second and one hour.
    /// A date is read relative to the answer's own `Date`.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        // Without a `Date`, a date in `Retry-After` counts from the latest instant: the shortest
        // wait.
        server_clock::retry_after(value, self.headers, Timestamp::MAX)
    }

    /// Reads the status and `WWW-Authenticate` by RFC 6750 section 3. This is the default of
    /// [`TokenEndpoint::judge`](crate::TokenEndpoint::judge).
    ///
    /// A challenge `Bearer error="invalid_token"` refuses the token, whatever the status; so does
    /// a 401 with a `Bearer` challenge or without any. A 401 that only has challenges of other
    /// schemes, such as `Basic`, is not about the token. `error="insufficient_scope"`, and a 403
    /// without `error="invalid_token"`, say that the token is good.
    ///
    /// ```
    /// use token_core::reexports::http::{HeaderMap, HeaderValue, StatusCode};
    /// use token_core::{ApiResponse, ApiVerdict};
    ///
    /// let mut headers = HeaderMap::new();
    /// let challenge = HeaderValue::from_static("Bearer realm=\"x\", error=\"invalid_token\"");
    /// headers.insert("www-authenticate", challenge);
    /// let answer = ApiResponse::new(StatusCode::UNAUTHORIZED, &headers, None);
    /// assert_eq!(answer.bearer_verdict(), ApiVerdict::TokenRefused);
    /// ```
    pub fn bearer_verdict(&self) -> ApiVerdict {
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            return ApiVerdict::Throttled {
                after: self.retry_after(),
            };
        }
        if self.status.is_success() {
            return ApiVerdict::Accepted;
        }
        match (self.challenge(), self.status) {
            (Challenge::InsufficientScope, _) => ApiVerdict::InsufficientScope,
            (Challenge::InvalidToken, _) => ApiVerdict::TokenRefused,
            (Challenge::OtherScheme, _) => ApiVerdict::Other,
            (_, StatusCode::UNAUTHORIZED) => ApiVerdict::TokenRefused,
            (_, StatusCode::FORBIDDEN) => ApiVerdict::InsufficientScope,
            _ => ApiVerdict::Other,
        }
    }

    fn challenge(&self) -> Challenge {
        let texts = self.headers.get_all(WWW_AUTHENTICATE);
        let texts = texts
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        texts.fold(Challenge::Absent, |found, text| {
            found.max(Challenge::of(&text))
        })
    }
}

impl fmt::Debug for ApiResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiResponse({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn verdict(status: u16, challenges: &[&'static str]) -> ApiVerdict {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let status = StatusCode::from_u16(status).unwrap();
        ApiResponse::new(status, &headers, None).bearer_verdict()
    }

    #[test]
    fn the_status_and_the_challenge_are_read_by_rfc_6750() {
        use ApiVerdict::*;
        let invalid =
            "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"expired\"";
        let scope = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        let rows: [(u16, &[&'static str], ApiVerdict); 18] = [
            (200, &[], Accepted),
            (204, &[], Accepted),
            (401, &[], TokenRefused),
            (401, &["Bearer"], TokenRefused),
            (401, &["Bearer realm=\"api\""], TokenRefused),
            (401, &[invalid], TokenRefused),
            (401, &["Basic realm=\"x\"", invalid], TokenRefused),
            (
                401,
                &["Basic realm=\"x\", bearer error = \"invalid_token\""],
                TokenRefused,
            ),
            (401, &["Basic realm=\"gateway\""], Other),
            (401, &["Basic realm=\"for the bearer of a card\""], Other),
            (
                401,
                &[
                    "Bearer error=\"invalid_token\", error_description=\"not error=insufficient_scope\"",
                ],
                TokenRefused,
            ),
            (401, &[scope], InsufficientScope),
            (403, &[scope], InsufficientScope),
            (403, &[], InsufficientScope),
            (403, &[invalid], TokenRefused),
            (400, &[invalid], TokenRefused),
            (407, &["Basic"], Other),
            (500, &[], Other),
        ];
        for (status, challenges, expected) in rows {
            assert_eq!(
                verdict(status, challenges),
                expected,
                "{status} {challenges:?}"
            );
        }
    }

    #[test]
    fn a_client_error_that_is_declared_as_a_web_page_is_searched() {
        let page = HeaderValue::from_static("text/html; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, page)]);
        let limit = |status| ApiResponse::new(status, &headers, None).refusal_limit();
        assert_eq!(limit(StatusCode::BAD_REQUEST), Some(LONGEST_REFUSAL));
        assert_eq!(limit(StatusCode::OK), None);
    }

    #[test]
    fn a_wait_is_read_and_clamped() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        let answer = ApiResponse::new(StatusCode::TOO_MANY_REQUESTS, &headers, None);
        let after = Some(Duration::from_secs(7));
        assert_eq!(answer.bearer_verdict(), ApiVerdict::Throttled { after });
    }

    #[test]
    fn a_body_that_is_long_or_no_json_is_not_asked_for() {
        let cases = [
            ("application/json", "10", true),
            ("*/*", "10", true),
            ("text/json;charset=utf-8", "10", true),
            ("application/json; charset=utf-8", "65536", true),
            ("application/problem+json", "10", true),
            ("application/json", "65537", false),
            ("application/octet-stream", "10", false),
            ("text/event-stream", "10", false),
            ("application/grpc+json", "10", false),
            ("application/grpc-web+json", "10", false),
            ("application/connect+json", "10", false),
            ("application/stream+json;charset=UTF-8", "10", false),
        ];
        for (kind, length, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
            let answer = ApiResponse::new(StatusCode::OK, &headers, None);
            assert_eq!(
                answer.may_be_json_within(65_536),
                expected,
                "{kind} {length}"
            );
        }
    }
}
