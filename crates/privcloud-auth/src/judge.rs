//! What the answers of the API say about the token.

use token_core::{ApiResponse, ApiVerdict};

use crate::dialect::Dialect;

/// Returns the verdict on an answer: by the deployment's codes, and otherwise by RFC 6750, since
/// the vendor documents no refusal.
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
    dialect.refusal(&response.refusal_document()?)
}
