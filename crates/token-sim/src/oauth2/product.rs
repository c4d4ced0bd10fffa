//! Errors in the wording of real servers.

use serde_json::json;

use crate::answer::Answer;
use crate::grants::Denied;
use crate::vendor::Reply;

/// The product that the server imitates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Product {
    /// RFC 6749 section 5.2 to the letter.
    Rfc6749,
    /// BambooCloud IDaaS: echoes the token in `error_description`.
    BambooCloud,
    /// Spring Security OAuth2: like BambooCloud, but an expired refresh token is 401
    /// `invalid_token`.
    Spring,
    /// Huawei Cloud OneAccess: the client's secret in the form, no echo.
    OneAccess,
}

/// An error response (RFC 6749 section 5.2): status, code and description.
pub(super) struct ErrorResponse {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl ErrorResponse {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
        }
    }

    pub(super) fn invalid_request(text: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", text)
    }

    pub(super) fn invalid_grant(text: impl Into<String>) -> Self {
        Self::new(400, "invalid_grant", text)
    }

    fn invalid_token(text: impl Into<String>) -> Self {
        Self::new(401, "invalid_token", text)
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::refused(self.answer(), self.code)
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({ "error": self.code, "error_description": self.text });
        let answer = Answer::json(self.status, &body).header("cache-control", "no-store");
        match (self.status, self.code) {
            (401, "invalid_client") => answer.header("www-authenticate", "Basic realm=\"oauth2\""),
            (401, code) => answer.header("www-authenticate", &format!("Bearer error=\"{code}\"")),
            _ => answer,
        }
    }
}

impl Product {
    pub(super) fn invalid_refresh_token(self, token: &str, denied: Denied) -> ErrorResponse {
        match (self, denied) {
            (Self::Spring, Denied::Expired) => {
                ErrorResponse::invalid_token(format!("Invalid refresh token (expired): {token}"))
            }
            (Self::BambooCloud | Self::Spring, _) => {
                ErrorResponse::invalid_grant(format!("Invalid refresh token: {token}"))
            }
            (Self::OneAccess, _) => ErrorResponse::invalid_grant("Invalid refresh token"),
            (Self::Rfc6749, _) => {
                ErrorResponse::invalid_grant("The refresh token is invalid, expired or revoked")
            }
        }
    }

    pub(super) fn invalid_access_token(self, token: &str) -> ErrorResponse {
        ErrorResponse::invalid_token(match self {
            // The trailing space is in the vendor's sample.
            Self::BambooCloud => format!("Invalid access token: {token} "),
            Self::Spring => format!("Invalid access token: {token}"),
            Self::Rfc6749 | Self::OneAccess => {
                "The access token is invalid or has expired".to_owned()
            }
        })
    }
}
