//! The error of a store.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::scrub::Scrubber;

/// The failure of a store operation. What was stored before is unchanged.
#[derive(Clone, thiserror::Error)]
#[error("{what}{}", crate::error::suffix(.detail))]
pub struct StoreError {
    what: &'static str,
    detail: Option<String>,
    is_unsupported: bool,
}

impl StoreError {
    /// Creates a failure with a constant text.
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            detail: None,
            is_unsupported: false,
        }
    }

    /// Creates the error of an operation that this store does not have.
    ///
    /// ```
    /// use token_core::store::StoreError;
    ///
    /// let error = StoreError::unsupported("this store cannot list its keys");
    /// assert!(error.is_unsupported());
    /// assert!(!StoreError::new("the disk is full").is_unsupported());
    /// ```
    pub fn unsupported(what: &'static str) -> Self {
        Self {
            is_unsupported: true,
            ..Self::new(what)
        }
    }

    /// Returns whether the store does not have the operation, so that repeating it is of no use.
    pub fn is_unsupported(&self) -> bool {
        self.is_unsupported
    }

    /// Adds the message of the driver or the operating system. It *must not* contain a record's
    /// body or a password.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Converts this into the error that callers of `token()` receive, of the kind
    /// [`ErrorKind::Store`].
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
