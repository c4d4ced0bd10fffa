//! The kinds of errors, and the error of the builders.

use std::fmt;
use std::time::Duration;

/// What the caller should do about an [`Error`](crate::Error).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A temporary failure; the grant is valid. *Do*: retry, after `after` if it is given.
    Transient {
        /// How long the vendor asks clients to wait.
        after: Option<Duration>,
    },
    /// Too many requests. *Do*: send fewer requests, and retry after `after` if it is given.
    Throttled {
        /// How long the vendor asks clients to wait.
        after: Option<Duration>,
    },
    /// Bytes of the request were sent and the outcome is unknown: the vendor may have acted. *Do*:
    /// retry; the engine decides by the endpoint's [`Rotation`](crate::Rotation) when a request is
    /// safe.
    InDoubt,
    /// The grant is expired or revoked. *Do*: let the user log in again, or supply new credentials.
    Rejected,
    /// The account is locked. *Do*: wait for `after`; every attempt may prolong the lock.
    Locked {
        /// How long the vendor keeps the account locked.
        after: Duration,
    },
    /// The configuration is wrong: an unknown client, a wrong secret, a wrong path. *Do*: correct
    /// it.
    Config,
    /// The answer could not be understood. *Do*: compare the deployment with the vendor's
    /// documentation; report the error with its code.
    Protocol,
    /// An API refused the token, and then a new one too, so that the token is not the cause. *Do*:
    /// check the API's rights and the token's audience and scopes.
    RefusedAgain,
    /// The token store failed. *Do*: check the store. Callers still receive a token that is valid.
    Store,
}

impl ErrorKind {
    /// Returns whether a later retry may succeed without a change by the caller.
    /// [`Error::is_retryable`](crate::Error::is_retryable) also considers whether a one-time grant
    /// may have been used.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Transient { .. }
                | Self::Throttled { .. }
                | Self::InDoubt
                | Self::Store
                | Self::Protocol
        )
    }

    /// Returns how long to wait before a retry, if the vendor stated it.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Transient { after } | Self::Throttled { after } => after,
            Self::Locked { after } => Some(after),
            _ => None,
        }
    }

    /// Sets the wait, if the kind has one.
    pub(super) fn with_retry_after(self, wait: Duration) -> Self {
        match self {
            Self::Transient { .. } => Self::Transient { after: Some(wait) },
            Self::Throttled { .. } => Self::Throttled { after: Some(wait) },
            Self::Locked { .. } => Self::Locked { after: wait },
            other => other,
        }
    }

    /// Returns one line that tells a person what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Transient { .. } => "retry later",
            Self::Throttled { .. } => "send fewer requests",
            Self::InDoubt => "the outcome is unknown, retry",
            Self::Rejected => "log in again",
            Self::Locked { .. } => "the account is locked, do not retry until it is unlocked",
            Self::Config => "correct the configuration",
            Self::Protocol => {
                "the answer could not be understood, compare it with the vendor's documentation"
            }
            Self::RefusedAgain => {
                "check the rights at the API, and the token's audience and scopes"
            }
            Self::Store => "check the token store",
        }
    }
}

/// Why an endpoint, a cache or a client could not be built: a mistake in the program or its
/// configuration.
///
/// ```
/// use token_core::BuildError;
///
/// assert_eq!(BuildError::missing("app_key").to_string(), "`app_key` is missing");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct BuildError {
    field: &'static str,
    why: &'static str,
}

impl BuildError {
    /// Creates the error for a required field that was not set.
    pub fn missing(field: &'static str) -> Self {
        Self {
            field,
            why: "is missing",
        }
    }

    /// Creates the error for a field with an invalid value; `why` completes the sentence "`field`
    /// …".
    pub fn invalid(field: &'static str, why: &'static str) -> Self {
        Self { field, why }
    }

    /// Returns the field that is missing or invalid.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}
