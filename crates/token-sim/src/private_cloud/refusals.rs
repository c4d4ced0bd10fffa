//! Formats of a refusal; the documents describe none.

use serde_json::json;

use crate::answer::Answer;

/// The format of a refusal by a [`PrivateCloudServer`](crate::PrivateCloudServer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorShape {
    /// 400 or 401 with `{"error", "error_description"}`, RFC 6749 section 5.2.
    OAuth,
    /// 200 with `{"code", "message"}`, the code being 400 or 401.
    Code,
    /// 200 with `{"errcode", "msg"}`, the code being 400 or 401.
    Errcode,
    /// 400 or 401 without a body.
    Empty,
    /// The login page with 200, like a web application behind a session filter.
    LoginPage,
    /// 302 to the login page.
    LoginRedirect,
}

/// Why a request is refused.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) text: &'static str,
}

impl Refusal {
    pub(super) const fn new(status: u16, code: &'static str, text: &'static str) -> Self {
        Self { status, code, text }
    }
}

impl ErrorShape {
    pub(super) fn answer(self, status: u16, code: &str, text: &str) -> Answer {
        match self {
            Self::OAuth => {
                Answer::json(status, &json!({ "error": code, "error_description": text }))
            }
            Self::Code => Answer::json(200, &json!({ "code": status, "message": text })),
            Self::Errcode => Answer::json(200, &json!({ "errcode": status, "msg": text })),
            Self::Empty => Answer::new(status),
            Self::LoginPage => Answer::new(200)
                .html("<html><body><form action=\"/login.do\">Please log in</form></body></html>"),
            Self::LoginRedirect => Answer::new(302).header("location", "/login.do"),
        }
    }
}
