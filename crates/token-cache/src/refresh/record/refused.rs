//! When and why the vendor refused a grant, as a record has it.

use serde::{Deserialize, Serialize};
use token_core::{Error, ErrorKind, Scrubber, Timestamp};

/// When the vendor refused the grant, and its code.
#[derive(Serialize, Deserialize)]
pub(super) struct Refused {
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Whether the vendor also revoked the access token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kills_live_token: bool,
}

impl Refused {
    pub(super) fn by(refusal: &Error, at: Timestamp) -> Self {
        Self {
            at: at.unix_millis(),
            code: refusal.code().map(str::to_owned),
            kills_live_token: refusal.kills_live_token(),
        }
    }

    pub(super) fn to_error(&self) -> Error {
        let at = Timestamp::from_unix_millis(self.at);
        let nothing = Scrubber::new([]);
        let error = Error::new(ErrorKind::Rejected, "the vendor has refused the grant")
            .with_code(self.code.as_deref().unwrap_or_default(), &nothing)
            .with_message(&format!("since {at}"), &nothing);
        match self.kills_live_token {
            true => error.killing_live_token(),
            false => error,
        }
    }
}
