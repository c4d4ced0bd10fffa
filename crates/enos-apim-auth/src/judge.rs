//! What the answers of APIs behind the gateway say about the token.

use token_core::{ApiResponse, ApiVerdict};

/// The field of the vendor's common SDK for Java, and that of newer APIs.
const CODES: [&str; 2] = ["status", "code"];

/// Returns the verdict on an answer. Source: `EnOSErrorCode` of the vendor's common SDK for Java
/// (enos-api-common-sdk-java), whose codes are also HTTP statuses.
pub(crate) fn verdict(response: &ApiResponse<'_>) -> ApiVerdict {
    let code = code(response);
    match code.unwrap_or(i64::from(response.status().as_u16())) {
        // Unauthenticated.
        401 => ApiVerdict::TokenRefused,
        // Permission denied: of the caller; of the app, for a resource or an API.
        403 | 498 => ApiVerdict::InsufficientScope,
        // Resource exhausted.
        429 => ApiVerdict::Throttled {
            after: response.retry_after(),
        },
        // The timestamp or the signature is wrong: because of our clock, or of the secret. A new
        // token would be signed in the same way.
        497 => ApiVerdict::Other,
        0 => response.bearer_verdict(),
        _ if code.is_some() && response.status().is_success() => ApiVerdict::Other,
        _ => response.bearer_verdict(),
    }
}

/// Returns the code in the body. A field that is no number is part of the data.
fn code(response: &ApiResponse<'_>) -> Option<i64> {
    let document = response.refusal_document()?;
    let number = |name| document.number(&[name])?.ok();
    CODES.into_iter().find_map(number)
}
