//! What the answers of APIs behind the gateway say about the token.

use token_core::{ApiResponse, ApiVerdict};

/// The longest body that is searched for a code. A refusal has no data, and is far shorter.
const LONGEST: usize = 65_536;

/// The field of the vendor's common SDK for Java, and that of newer APIs.
const CODES: [&str; 2] = ["status", "code"];

/// Returns how many bytes of the body are needed: the vendor's clients expect HTTP 200 and the code
/// in the body.
pub(crate) fn needs_body(response: &ApiResponse<'_>) -> Option<usize> {
    let may_have_code = is_of_the_gateway(response) && response.may_be_json_within(LONGEST);
    may_have_code.then_some(LONGEST)
}

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
    let document = response
        .document()
        .filter(|_| is_of_the_gateway(response))?;
    let number = |name| document.number(&[name])?.ok();
    CODES.into_iter().find_map(number)
}

/// A server error may come after the request was carried out, and a redirect comes from elsewhere:
/// no code in them says the opposite.
fn is_of_the_gateway(response: &ApiResponse<'_>) -> bool {
    response.status().is_success() || response.status().is_client_error()
}
