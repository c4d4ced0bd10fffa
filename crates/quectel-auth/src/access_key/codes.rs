use token_core::reexports::http::StatusCode;
use token_core::{Answer, Error, ErrorKind, Step};

use crate::reply::{Reply, service_failure};

/// The only code that means success (page "Refresh Token", response parameter `code`).
pub(super) const SUCCESS: &str = "200";

/// Returns the error for a refusal. Codes 401 to 70000 and 90047 are on the pages of the two calls,
/// 91001 to 91007 on the pages of the API that the token is for ("Query Product Details" and
/// others).
pub(super) fn refused(answer: &Answer<'_>, reply: &Reply<'_>) -> Error {
    let step = answer.request().step();
    let error = reply.refusal(answer, kind(&reply.code, step));
    match step {
        Step::Refresh if reply.from_vendor && kills_live_token(&reply.code) => {
            error.killing_live_token()
        }
        _ => error,
    }
}

/// Returns the error for a 401 without a document, such as a gateway's. After a refused refresh, a
/// login may still succeed.
pub(super) fn unauthorized(answer: &Answer<'_>) -> Option<Error> {
    let code = answer.status();
    (code == StatusCode::UNAUTHORIZED).then(|| {
        answer.refused_in_another_format(
            kind(code.as_str(), answer.request().step()),
            code.as_str(),
            "",
        )
    })
}

fn kind(code: &str, step: Step) -> ErrorKind {
    if let Some(kind) = service_failure(code) {
        return kind;
    }
    match (code, step) {
        // No such AccessKey, no permission, not in the IP allow list, API not enabled, not found: a
        // login would fail the same way.
        ("90047" | "91005" | "91006" | "91007" | "404", _) => ErrorKind::Config,
        // The token is the only parameter of a refresh that varies, and a login does without it.
        (_, Step::Refresh) => ErrorKind::Rejected,
        // Unauthorized or forbidden: a wrong secret, or a clock off by more than ten minutes.
        // 5000x: a parameter is wrong or empty.
        ("401" | "403" | "50004" | "50005" | "50006" | "50007" | "91001" | "91004", _) => {
            ErrorKind::Config
        }
        // On the pages of other calls: the key asks for something that does not exist or that it
        // may not have.
        ("70017" | "70063" | "70089", _) => ErrorKind::Config,
        // Not documented, so it may be temporary.
        _ => ErrorKind::Protocol,
    }
}

/// Returns whether a refused refresh may have killed the live token. "If the user or AccessKey is
/// disabled, the refresh will fail and the original token will be disabled": no code is named for
/// that, so every refusal counts unless it is about something else (the service, a parameter, the
/// caller's address or rights).
fn kills_live_token(code: &str) -> bool {
    let about_something_else = matches!(
        code,
        "404" | "50004" | "50005" | "50006" | "50007" | "91005" | "91006" | "91007"
    );
    !about_something_else && service_failure(code).is_none()
}
