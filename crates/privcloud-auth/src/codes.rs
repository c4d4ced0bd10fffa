//! The meaning of an answer's codes. The vendor documents none: these are RFC 6749's and Spring's,
//! and what a deployment adds.

use token_core::reexports::http::StatusCode;
use token_core::reexports::http::header::WWW_AUTHENTICATE;
use token_core::{Answer, ErrorKind, Step};

/// Error codes by meaning, compared case-insensitively. The defaults are guesses, since the vendor
/// documents no code. Add the codes of your deployment.
///
/// A code in none of the lists is [`ErrorKind::Protocol`] for a refresh: it is tried again later,
/// and the grant is kept. For a redemption it is [`ErrorKind::Rejected`], since the vendor burns
/// the code "regardless of success".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Codes {
    /// Success; needs a token too. Default: `0`, `200`, `ok`, `success`.
    pub success: Vec<String>,
    /// The code or the refresh token is dead, and somebody must authorize again
    /// ([`ErrorKind::Rejected`]). Default: `invalid_grant` (RFC 6749 section 5.2), `invalid_token`
    /// (Spring, for an expired refresh token), `access_denied`.
    pub rejected: Vec<String>,
    /// The client or the request is wrong ([`ErrorKind::Config`]). Default: the other codes of RFC
    /// 6749 section 5.2, `redirect_uri_mismatch`, and `unauthorized` (Spring, for missing Basic
    /// credentials).
    pub config: Vec<String>,
    /// A temporary failure that does not concern the grant ([`ErrorKind::Transient`]). Default:
    /// `server_error`, `temporarily_unavailable`.
    pub transient: Vec<String>,
    /// An API refused the access token and did not carry out the request, which is sent again with
    /// a new token ([`ApiVerdict::TokenRefused`](token_core::ApiVerdict::TokenRefused)). Default:
    /// `invalid_token` (RFC 6750 section 3.1), `401`.
    pub token_refused: Vec<String>,
}

impl Default for Codes {
    fn default() -> Self {
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        Self {
            success: codes(&["0", "200", "ok", "success"]),
            rejected: codes(&["invalid_grant", "invalid_token", "access_denied"]),
            config: codes(&[
                "invalid_client",
                "invalid_request",
                "invalid_scope",
                "redirect_uri_mismatch",
                "unauthorized",
                "unauthorized_client",
                "unsupported_grant_type",
            ]),
            transient: codes(&["server_error", "temporarily_unavailable"]),
            token_refused: codes(&["invalid_token", "401"]),
        }
    }
}

impl Codes {
    pub(crate) fn is_success(&self, code: &str) -> bool {
        has(&self.success, code)
    }

    /// Returns whether an API refuses the access token with this code.
    pub(crate) fn refuses_the_token(&self, code: &str) -> bool {
        has(&self.token_refused, code)
    }

    /// Returns the kind of error for a refusal with this code.
    pub(crate) fn kind(&self, code: &str, answer: &Answer<'_>) -> ErrorKind {
        if has(&self.rejected, code) {
            return ErrorKind::Rejected;
        }
        if has(&self.config, code) {
            return ErrorKind::Config;
        }
        if has(&self.transient, code) {
            return ErrorKind::Transient {
                after: answer.retry_after(),
            };
        }
        kind_of_status(code, answer)
    }
}

/// Reads an unlisted code as the HTTP status that it often repeats.
fn kind_of_status(code: &str, answer: &Answer<'_>) -> ErrorKind {
    let after = answer.retry_after();
    match code.trim().parse() {
        Ok(404 | 405) => ErrorKind::Config,
        Ok(429) => ErrorKind::Throttled { after },
        Ok(408 | 500..=599) => ErrorKind::Transient { after },
        _ if refuses_the_client(answer) || has_no_such_path(answer) => ErrorKind::Config,
        _ if answer.request().step() == Step::Redemption => ErrorKind::Rejected,
        _ => ErrorKind::Protocol,
    }
}

/// Returns whether the Basic credentials were refused: a 401 with that challenge (RFC 9110 section
/// 11.6.1).
pub(crate) fn refuses_the_client(answer: &Answer<'_>) -> bool {
    let mut challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let is_basic = |text: &str| text.trim_start().to_ascii_lowercase().starts_with("basic");
    answer.status() == StatusCode::UNAUTHORIZED
        && challenges.any(|value| value.to_str().is_ok_and(is_basic))
}

fn has_no_such_path(answer: &Answer<'_>) -> bool {
    matches!(
        answer.status(),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    )
}

fn has(codes: &[String], code: &str) -> bool {
    codes
        .iter()
        .any(|known| known.eq_ignore_ascii_case(code.trim()))
}
