//! The error of an API request.

use token_core::Error;

/// Why an API request with the token has no answer.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// There is no usable token, or the API refused it.
    #[error(transparent)]
    Token(#[from] Error),
    /// reqwest failed to send the request or to read the answer. The URL is removed, since it may
    /// contain the token.
    #[error(transparent)]
    Transport(reqwest::Error),
}

impl From<reqwest::Error> for ExecuteError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}
