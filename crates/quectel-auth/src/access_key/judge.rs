//! What the answers of the SaaS API say about the token.

use token_core::{ApiResponse, ApiVerdict};

use super::codes;
use crate::reply::api_code;

/// Returns the verdict on an answer. Sources: the table of "OpenAPI Access Instructions" (200, 401,
/// 403), and the response status of "Query Product Details" and sixteen other pages (91001 to
/// 91007).
pub(super) fn verdict(response: &ApiResponse<'_>) -> ApiVerdict {
    match api_code(response).as_deref() {
        // Unauthorized; the token does not exist; the token is incorrect.
        Some("401" | "91001" | "91004") => ApiVerdict::TokenRefused,
        // Forbidden; no permission; the address is not on the list; the API is not enabled. A new
        // token of the same key is refused too.
        Some("403" | "91005" | "91006" | "91007") => ApiVerdict::InsufficientScope,
        Some(code) if response.status().is_success() && code != codes::SUCCESS => ApiVerdict::Other,
        _ => response.bearer_verdict(),
    }
}
