//! What clients are told if they get no token.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use vendor_auth::{Error, ErrorKind};

/// How long a client should wait if the vendor does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// An answer without a token: `{"error", "message"}`.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    message: String,
    wait: Option<Duration>,
}

impl Refusal {
    /// Something that the client must do otherwise.
    pub(super) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
            wait: None,
        }
    }

    /// The failure of a profile's token, in these words.
    pub(super) fn of(error: &Error, message: String) -> Self {
        let (status, code) = status(error.kind());
        let wait = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::LOCKED);
        Self {
            wait: wait.then(|| error.retry_after().unwrap_or(DEFAULT_WAIT)),
            ..Self::new(status, code, message)
        }
    }

    /// The vendor asked clients to wait.
    pub(super) fn paused(profile: &str, left: Duration) -> Self {
        let seconds = left.as_secs_f64().ceil();
        let message =
            format!("{profile}: the vendor asked clients to wait; nothing is sent for {seconds} s");
        Self {
            wait: Some(left),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "try_later", message)
        }
    }

    /// The request took too long.
    pub(super) fn request_timeout() -> Self {
        let message = "the request took too long";
        Self {
            wait: Some(DEFAULT_WAIT),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "try_later", message)
        }
    }
}

/// Returns the status and the code of a kind of error.
fn status(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Transient { .. } | ErrorKind::Throttled { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "try_later")
        }
        ErrorKind::InDoubt => (StatusCode::SERVICE_UNAVAILABLE, "in_doubt"),
        ErrorKind::Store => (StatusCode::SERVICE_UNAVAILABLE, "store"),
        ErrorKind::Rejected => (StatusCode::CONFLICT, "login_required"),
        ErrorKind::Locked { .. } => (StatusCode::LOCKED, "locked"),
        ErrorKind::Config => (StatusCode::INTERNAL_SERVER_ERROR, "configuration"),
        ErrorKind::RefusedAgain => (StatusCode::INTERNAL_SERVER_ERROR, "refused_again"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "protocol"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "message": self.message });
        let json = [(CONTENT_TYPE, "application/json")];
        let mut response = (self.status, json, format!("{body}\n")).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = self.wait {
            // At least one second: zero invites a loop.
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_status_and_the_wait_if_waiting_helps() {
        let wait = Duration::from_millis(90_500);
        let kinds = [
            (
                ErrorKind::Transient { after: None },
                503,
                "try_later",
                Some("5"),
            ),
            (
                ErrorKind::Throttled { after: Some(wait) },
                503,
                "try_later",
                Some("91"),
            ),
            (ErrorKind::InDoubt, 503, "in_doubt", Some("5")),
            (ErrorKind::Store, 503, "store", Some("5")),
            (ErrorKind::Rejected, 409, "login_required", None),
            (ErrorKind::Locked { after: wait }, 423, "locked", Some("91")),
            (ErrorKind::Config, 500, "configuration", None),
            (ErrorKind::Protocol, 500, "protocol", None),
            (ErrorKind::RefusedAgain, 500, "refused_again", None),
        ];
        for (kind, status, code, wait) in kinds {
            let refusal = Refusal::of(&Error::new(kind, "it failed"), "it failed".to_owned());
            assert_eq!(refusal.error, code, "{kind:?}");
            let response = refusal.into_response();
            assert_eq!(response.status().as_u16(), status, "{kind:?}");
            let told = response.headers().get(RETRY_AFTER);
            assert_eq!(told.map(|value| value.to_str().unwrap()), wait, "{kind:?}");
        }
    }
}
