//! Errors by which servers refuse a refresh token other than RFC 6749's.

use serde_json::{Value, json};

use super::product::ErrorResponse;
use crate::answer::Answer;
use crate::vendor::Reply;

/// The error for a refresh token that is unknown, expired, used or revoked.
///
/// Each is taken from a real server; none is the `invalid_grant` of RFC 6749 section 5.2 that a
/// [`Product`](crate::Product) returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidGrant {
    /// 401 with `{"error":{"code":"refresh_token_invalidated", …}}`.
    NestedInvalidated,
    /// 401 with `{"error":{"code":"refresh_token_expired", …}}`.
    NestedExpired,
    /// 401 with `{"error":{"code":"refresh_token_reused", …}}`.
    NestedReused,
    /// 400 with `{"errors":[{"errorType":"invalid_grant", …}]}`; the text quotes the token.
    ErrorsList,
    /// 400 with `{"error":"INVALID_GRANT"}`.
    UpperCase,
    /// 400 with `{"error":"refresh_token_expired"}`.
    Expired,
    /// 400 with `{"error":"refresh_token_reused"}`.
    Reused,
    /// 400 with `{"error":"invalid_request","error_description":"Session not found"}`.
    SessionNotFound,
    /// 401 with Spring's own error page in JSON: `"error":"Unauthorized"`; only `message`, which
    /// quotes the token, tells the cause.
    SpringMessage,
    /// 400 with `invalid_grant` in a form-encoded body.
    Form,
    /// 400 with `invalid_grant` and a Chinese description, all of it in GBK.
    Gbk,
}

impl InvalidGrant {
    /// All variants.
    pub const ALL: [Self; 11] = [
        Self::NestedInvalidated,
        Self::NestedExpired,
        Self::NestedReused,
        Self::ErrorsList,
        Self::UpperCase,
        Self::Expired,
        Self::Reused,
        Self::SessionNotFound,
        Self::SpringMessage,
        Self::Form,
        Self::Gbk,
    ];

    pub(super) fn refuse(self, token: &str) -> Reply {
        match self {
            Self::NestedInvalidated => nested("refresh_token_invalidated"),
            Self::NestedExpired => nested("refresh_token_expired"),
            Self::NestedReused => nested("refresh_token_reused"),
            Self::ErrorsList => errors_list(token),
            Self::UpperCase => error("INVALID_GRANT", "Token is not active").reply(),
            Self::Expired => {
                error("refresh_token_expired", "The refresh token has expired").reply()
            }
            Self::Reused => {
                error("refresh_token_reused", "The refresh token was used before").reply()
            }
            Self::SessionNotFound => error("invalid_request", "Session not found").reply(),
            Self::SpringMessage => spring_message(token),
            Self::Form => form(),
            Self::Gbk => gbk(),
        }
    }
}

fn error(code: &'static str, text: &str) -> ErrorResponse {
    ErrorResponse::new(400, code, text)
}

fn nested(code: &'static str) -> Reply {
    let message = "Your refresh token can no longer be used. Please sign in again.";
    let error =
        json!({ "message": message, "type": "invalid_request_error", "param": null, "code": code });
    answered(401, &json!({ "error": error }), code)
}

fn errors_list(token: &str) -> Reply {
    let message = format!("Refresh token invalid: {token}.");
    let error = json!({ "errorType": "invalid_grant", "message": message });
    answered(
        400,
        &json!({ "errors": [error], "success": false }),
        "invalid_grant",
    )
}

fn spring_message(token: &str) -> Reply {
    let body = json!({
        "timestamp": "2026-11-25T12:00:00.000+00:00",
        "status": 401,
        "error": "Unauthorized",
        "message": format!("Invalid refresh token (expired): {token}"),
        "path": "/oauth2/token",
    });
    answered(401, &body, "Unauthorized")
}

fn form() -> Reply {
    let answer = Answer::new(400)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("error=invalid_grant&error_description=The+refresh+token+is+invalid.");
    Reply::refused(answer, "invalid_grant")
}

/// The description says "the refresh token is invalid".
fn gbk() -> Reply {
    const TEXT: &[u8] = b"\xcb\xa2\xd0\xc2\xc1\xee\xc5\xc6\xce\xde\xd0\xa7";
    let parts: [&[u8]; 3] = [
        b"{\"error\":\"invalid_grant\",\"error_description\":\"",
        TEXT,
        b"\"}",
    ];
    let answer = Answer::new(400)
        .header("content-type", "application/json;charset=GBK")
        .body(parts.concat());
    Reply::refused(answer, "invalid_grant")
}

fn answered(status: u16, body: &Value, code: &str) -> Reply {
    Reply::refused(Answer::json(status, body), code)
}
