//! What to do about an error, and why something could not be built.

use std::fmt;
use std::time::Duration;

/// What the caller should do about an [`Error`](crate::Error).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing is wrong with the grant. *Do*: ask again, not before `after` where it is given.
    Transient {
        /// How long the vendor asked to wait.
        after: Option<Duration>,
    },
    /// Too many requests. *Do*: ask less often, not before `after` where it is given.
    Throttled {
        /// How long the vendor asked to wait.
        after: Option<Duration>,
    },
    /// Bytes of the request were sent and the outcome is unknown: the vendor may have acted. *Do*:
    /// ask again; the engine decides by the endpoint's [`Rotation`](crate::Rotation) when it is
    /// safe to send.
    InDoubt,
    /// This grant is dead. *Do*: let the user log in again, or give new credentials.
    Rejected,
    /// The account is frozen. *Do*: nothing before `after`; every try may prolong it.
    Locked {
        /// How long the vendor keeps the account frozen.
        after: Duration,
    },
    /// The program is set up wrongly: an unknown client, a wrong secret, a wrong path. *Do*:
    /// correct the configuration.
    Config,
    /// The answer could not be understood. *Do*: compare the deployment with the vendor's
    /// documents; report it with the code.
    Protocol,
    /// The token store failed. *Do*: look at the store; a live token is still served.
    Store,
}

impl ErrorKind {
    /// Whether asking again later may help with no change on the caller's side.
    /// [`Error::is_retryable`](crate::Error::is_retryable) knows more: whether a one-time grant may
    /// have been used.
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

    /// How long to wait before asking again, where the vendor said so.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Transient { after } | Self::Throttled { after } => after,
            Self::Locked { after } => Some(after),
            _ => None,
        }
    }

    /// The same kind with this wait, if the kind can hold one.
    pub(super) fn with_retry_after(self, wait: Duration) -> Self {
        match self {
            Self::Transient { .. } => Self::Transient { after: Some(wait) },
            Self::Throttled { .. } => Self::Throttled { after: Some(wait) },
            Self::Locked { .. } => Self::Locked { after: wait },
            other => other,
        }
    }

    /// One line that tells a person what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Transient { .. } => "ask again later",
            Self::Throttled { .. } => "ask less often",
            Self::InDoubt => "the outcome is unknown, ask again",
            Self::Rejected => "log in again",
            Self::Locked { .. } => "the account is locked, do not retry before it is released",
            Self::Config => "correct the configuration",
            Self::Protocol => {
                "the answer could not be understood, compare with the vendor's documents"
            }
            Self::Store => "look at the token store",
        }
    }
}

/// Why an endpoint, a cache or a client could not be built: always the program's or the
/// configuration's mistake.
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
    /// A field that must be given was not.
    pub fn missing(field: &'static str) -> Self {
        Self {
            field,
            why: "is missing",
        }
    }

    /// A field was given something it cannot take; `why` completes the sentence "`field` …".
    pub fn invalid(field: &'static str, why: &'static str) -> Self {
        Self { field, why }
    }

    /// The field that is missing or wrong.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}
