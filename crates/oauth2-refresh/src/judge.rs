//! What the answers of APIs say about the token.

use token_core::reexports::http::header::CONTENT_LENGTH;
use token_core::{ApiResponse, ApiVerdict};

/// The longest body that is searched for an error.
const LONGEST: usize = 65_536;

/// Returns how many bytes of the body are needed. RFC 6750 puts the error into `WWW-Authenticate`;
/// BambooCloud documents it in the body of a 401, without naming that header. A success without a
/// declared length may be a stream, and is not held back for an error that no vendor documents
/// there.
pub(crate) fn needs_body(response: &ApiResponse<'_>) -> Option<usize> {
    let status = response.status();
    let has_end = response.headers().contains_key(CONTENT_LENGTH);
    let may_have_error = status.is_client_error() || (status.is_success() && has_end);
    let may_have_error = may_have_error && response.may_be_json_within(LONGEST);
    may_have_error.then_some(LONGEST)
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

/// Returns the error in the body of an answer that is not a server error or a redirect: those may
/// come after the request was carried out, or from elsewhere.
fn error(response: &ApiResponse<'_>) -> Option<String> {
    let status = response.status();
    let is_of_the_api = status.is_success() || status.is_client_error();
    let document = response.document().filter(|_| is_of_the_api)?;
    let says_none = |error: &str| ["", "0", "200", "false"].contains(&error);
    document.code(&["error"]).filter(|error| !says_none(error))
}
