//! Headers and error texts of answers that faults send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answer::Answer;
use crate::clock::http_date;

/// The value of a `Retry-After` header.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RetryAfter {
    /// No header.
    Absent,
    /// A delay in seconds.
    Seconds(u64),
    /// An HTTP date, in Unix milliseconds.
    Date(i64),
    /// Any text: negative, fractional, huge, malformed.
    Text(&'static str),
}

impl RetryAfter {
    pub(super) fn on(self, answer: Answer) -> Answer {
        match self {
            Self::Absent => answer,
            Self::Seconds(seconds) => answer.header("retry-after", &seconds.to_string()),
            Self::Date(unix_ms) => answer.header("retry-after", &http_date(unix_ms)),
            Self::Text(text) => answer.header("retry-after", text),
        }
    }
}

/// How an error text quotes a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// As it was sent.
    Raw,
    /// Percent-encoded, RFC 3986 section 2.1.
    Percent,
    /// Base64 with padding.
    Base64,
}

impl Echo {
    pub(crate) fn write(self, token: &str) -> String {
        match self {
            Self::Raw => token.to_owned(),
            Self::Percent => utf8_percent_encode(token, NON_ALPHANUMERIC).to_string(),
            Self::Base64 => STANDARD.encode(token),
        }
    }
}
