//! What a refusal of a token is called, and the errors that it ends in.

use token_core::{ApiVerdict, Error, ErrorKind};

/// The label of [`ApiVerdict::TokenRefused`] in metrics.
pub(in crate::cache) const TOKEN_REFUSED: &str = "token_refused";

/// Returns the label of a verdict that is a refusal.
pub(super) fn refusal(verdict: ApiVerdict) -> Option<&'static str> {
    match verdict {
        ApiVerdict::TokenRefused => Some(TOKEN_REFUSED),
        ApiVerdict::InsufficientScope => Some("insufficient_scope"),
        ApiVerdict::Throttled { .. } => Some("throttled"),
        _ => None,
    }
}

pub(in crate::cache) fn refused_again() -> Error {
    let what = "the API refused the token, and it was refreshed and refused again";
    Error::new(ErrorKind::RefusedAgain, what)
}

pub(super) fn cannot_be_sent_again() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "the API refused the token, and the body is a stream that cannot be sent again",
    )
}
