//! What the answers of the API say about the token.

use token_core::{ApiResponse, ApiVerdict};

use crate::dialect::Dialect;

/// The longest body that is searched for a code. A refusal has no data, and is far shorter.
const LONGEST: usize = 65_536;

/// Returns how many bytes of the body are needed.
pub(crate) fn needs_body(response: &ApiResponse<'_>) -> Option<usize> {
    let may_have_code = is_of_the_api(response) && response.may_be_json_within(LONGEST);
    may_have_code.then_some(LONGEST)
}

/// Returns the verdict on an answer: by the deployment's codes, and otherwise by RFC 6750, since the
/// vendor documents no refusal.
pub(crate) fn verdict(dialect: &Dialect, response: &ApiResponse<'_>) -> ApiVerdict {
    let Some(code) = code(dialect, response) else {
        return response.bearer_verdict();
    };
    if dialect.codes.refuses_the_token(&code) {
        return ApiVerdict::TokenRefused;
    }
    match code.trim() {
        // RFC 6750 section 3.1; the code often repeats an HTTP status.
        "insufficient_scope" | "403" => ApiVerdict::InsufficientScope,
        "429" => ApiVerdict::Throttled {
            after: response.retry_after(),
        },
        _ if response.status().is_success() => ApiVerdict::Other,
        _ => response.bearer_verdict(),
    }
}

/// Returns the code of a refusal.
fn code(dialect: &Dialect, response: &ApiResponse<'_>) -> Option<String> {
    let document = response.document().filter(|_| is_of_the_api(response))?;
    dialect.refusal(&document)
}

/// A server error may come after the request was carried out, and a redirect comes from elsewhere:
/// no code in them says the opposite.
fn is_of_the_api(response: &ApiResponse<'_>) -> bool {
    response.status().is_success() || response.status().is_client_error()
}
