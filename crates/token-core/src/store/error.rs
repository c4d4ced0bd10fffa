//! Why a store failed.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::scrub::Scrubber;

/// A store could not do what it was asked. Nothing was lost by that.
#[derive(Clone, thiserror::Error)]
#[error("{what}{}", crate::error::suffix(.detail))]
pub struct StoreError {
    what: &'static str,
    detail: Option<String>,
}

impl StoreError {
    /// A failure with a constant text.
    pub fn new(what: &'static str) -> Self {
        Self { what, detail: None }
    }

    /// Adds what the driver or the operating system said. It *must not* hold a record's body or a
    /// password.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// What it means to who asked for a token.
    pub fn to_error(&self) -> Error {
        let error = Error::new(ErrorKind::Store, self.what);
        match &self.detail {
            Some(detail) => error.with_message(detail, &Scrubber::new([])),
            None => error,
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({self})")
    }
}
