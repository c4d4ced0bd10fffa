//! A refusal of the grant.

use token_core::Error;

/// A refusal of the grant.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    error: Error,
    /// Whether only the store tells of it: this process has not asked the vendor.
    is_told: bool,
}

impl Refusal {
    pub(super) fn by_the_vendor(error: &Error) -> Self {
        Self {
            error: error.clone(),
            is_told: false,
        }
    }

    pub(super) fn by_the_store(error: &Error) -> Self {
        Self {
            error: error.clone(),
            is_told: true,
        }
    }

    pub(super) fn error(&self) -> &Error {
        &self.error
    }

    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }
}
