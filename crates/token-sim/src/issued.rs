//! Tokens handed to the test itself.

use std::fmt;

/// Tokens that a simulator made without a request. `Debug` shows none of them.
#[derive(Clone)]
pub struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_at_ms: i64,
}

impl Issued {
    /// The access token, as the vendor's answer would hold it.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// The refresh token, where the vendor has one apart from the access token.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_deref()
    }

    /// When the access token ends, in Unix milliseconds of the simulator's clock.
    pub fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("expires_at_ms", &self.expires_at_ms)
            .finish_non_exhaustive()
    }
}
