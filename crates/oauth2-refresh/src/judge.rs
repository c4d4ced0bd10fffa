//! What the answers of APIs say about the token.

use token_core::reexports::http::header::CONTENT_LENGTH;
use token_core::{ApiResponse, ApiVerdict};

/// Returns how many bytes of the body are needed. RFC 6750 puts the error into `WWW-Authenticate`;
/// BambooCloud documents it in the body of a 401, without naming that header. A success without a
/// declared length may be a stream, and is not held back for an error that no vendor documents
/// there.
pub(crate) fn needs_body(response: &ApiResponse<'_>) -> Option<usize> {
    let has_end = response.headers().contains_key(CONTENT_LENGTH);
    let may_have_error = has_end || !response.status().is_success();
    response.refusal_limit().filter(|_| may_have_error)
}

/// Returns the verdict on an answer. The errors are those of RFC 6750 section 3.1; `invalid_token`
/// is also on BambooCloud's page "Get User Information" (`GET /api/v1/oauth2/userinfo`) and in
/// Spring Security OAuth2.
pub(crate) fn verdict(response: &ApiResponse<'_>) -> ApiVerdict {
    match error(response).as_deref() {
        Some("invalid_token") => ApiVerdict::TokenRefused,
        Some("insufficient_scope") => ApiVerdict::InsufficientScope,
        Some(_) if response.status().is_success() => ApiVerdict::Other,
        _ => response.bearer_verdict(),
    }
}

/// Returns the error in the body.
fn error(response: &ApiResponse<'_>) -> Option<String> {
    let document = response.refusal_document()?;
    let says_none = |error: &str| ["", "0", "200", "false"].contains(&error);
    document.code(&["error"]).filter(|error| !says_none(error))
}
