//! What the answers of the app API say about the token.

use token_core::{ApiResponse, ApiVerdict};

use super::codes::{BLOCKED_FOR, FROZEN_FOR, SUCCESSES};
use crate::reply::api_code;

/// Returns the verdict on an answer. Source: the error table of the app API. Its pages also list
/// 401 and 403 as response status.
pub(super) fn verdict(response: &ApiResponse<'_>) -> ApiVerdict {
    let code = api_code(response);
    match code.as_deref() {
        // Token verification failed: apps log in again after this code, whatever they called.
        Some("5032" | "401") => ApiVerdict::TokenRefused,
        // No permission.
        Some("5041" | "403") => ApiVerdict::InsufficientScope,
        // The account is frozen or the address is blocked: "please try again after 20 minutes".
        Some("5147" | "5148") => throttled(FROZEN_FOR),
        // "Temporarily blocked … automatically lifted after 24 hours."
        Some("5325") => throttled(BLOCKED_FOR),
        Some(code) if response.status().is_success() && !SUCCESSES.contains(&code) => {
            ApiVerdict::Other
        }
        _ => response.bearer_verdict(),
    }
}

fn throttled(after: std::time::Duration) -> ApiVerdict {
    ApiVerdict::Throttled { after: Some(after) }
}
