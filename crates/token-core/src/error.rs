//! Errors for people and for programs: a kind that says what to do, the vendor's code, a scrubbed message.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::scrub::Scrubber;

/// What went wrong while a token was asked for.
///
/// ```
/// use token_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Rejected, "the grant is dead");
/// match error.kind() {
///     ErrorKind::Rejected => println!("log in again: {error}"),
///     ErrorKind::Transient { after } => println!("ask again after {after:?}"),
///     _ => println!("{error}"),
/// }
/// ```
///
/// Cheap to clone, since one failure is shared by every caller that waited for it. It never holds a token, a body, a URL or the text
/// of a parser's error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    what: &'static str,
    code: Option<String>,
    message: Option<String>,
    host: Option<String>,
    kills_live_token: bool,
}

/// What the caller should do about an [`Error`].
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
    /// Bytes of the request were sent and the outcome is unknown: the vendor may have acted. *Do*: ask again; the engine decides
    /// by the endpoint's [`Rotation`](crate::Rotation) when it is safe to send.
    InDoubt,
    /// This grant is dead. *Do*: let the user log in again, or give new credentials.
    Rejected,
    /// The account is frozen. *Do*: nothing before `after`; every try may prolong it.
    Locked {
        /// How long the vendor keeps the account frozen.
        after: Duration,
    },
    /// The program is set up wrongly: an unknown client, a wrong secret, a wrong path. *Do*: correct the configuration.
    Config,
    /// The answer could not be understood. *Do*: compare the deployment with the vendor's documents; report it with the code.
    Protocol,
    /// The token store failed. *Do*: look at the store; a live token is still served.
    Store,
}

impl ErrorKind {
    /// Whether asking again later may help with no change on the caller's side.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Transient { .. } | Self::Throttled { .. } | Self::InDoubt | Self::Store | Self::Protocol
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

    /// One line that tells a person what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Transient { .. } => "ask again later",
            Self::Throttled { .. } => "ask less often",
            Self::InDoubt => "the outcome is unknown, ask again",
            Self::Rejected => "log in again",
            Self::Locked { .. } => "the account is locked, do not retry before it is released",
            Self::Config => "correct the configuration",
            Self::Protocol => "the answer could not be understood, compare with the vendor's documents",
            Self::Store => "look at the token store",
        }
    }
}

impl Error {
    /// An error of our own, with a constant text: nothing that came over the wire can get into it.
    pub fn new(kind: ErrorKind, what: &'static str) -> Self {
        Self(Arc::new(Inner {
            kind,
            what,
            code: None,
            message: None,
            host: None,
            kills_live_token: false,
        }))
    }

    /// Adds the vendor's code, scrubbed and cut to 64 characters.
    #[must_use]
    pub fn with_code(self, code: &str, scrubber: &Scrubber) -> Self {
        let code = scrubber.scrub(code, 64);
        self.with(|inner| inner.code = Some(code).filter(|code| !code.is_empty()))
    }

    /// Adds the vendor's message, scrubbed and cut to 256 characters.
    #[must_use]
    pub fn with_message(self, message: &str, scrubber: &Scrubber) -> Self {
        let message = scrubber.scrub(message, 256);
        self.with(|inner| inner.message = Some(message).filter(|message| !message.is_empty()))
    }

    /// Adds the host that was asked, or that a redirect named. Anything but a host name is dropped.
    #[must_use]
    pub fn with_host(self, host: &str) -> Self {
        let host = host.rsplit('@').next().unwrap_or_default();
        let harmless = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
        self.with(|inner| inner.host = Some(host.to_owned()).filter(|host| harmless && host.len() <= 255))
    }

    /// Says that the refusal also killed the access token in hand, so that it must no longer be served.
    #[must_use]
    pub fn killing_live_token(self) -> Self {
        self.with(|inner| inner.kills_live_token = true)
    }

    /// The same error seen as another kind.
    #[must_use]
    pub fn as_kind(self, kind: ErrorKind) -> Self {
        self.with(|inner| inner.kind = kind)
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The vendor's own code, such as `90047` or `invalid_grant`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The vendor's own message, scrubbed of every secret that was in play.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The host that was asked, or that a redirect named.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Whether the refusal also killed the access token in hand (Quectel: a disabled user or access key).
    pub fn kills_live_token(&self) -> bool {
        self.0.kills_live_token
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.what)?;
        if let Some(code) = &self.0.code {
            write!(f, " (code {code})")?;
        }
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        if let Some(host) = &self.0.host {
            write!(f, " [{host}]")?;
        }
        write!(f, "; {}", self.0.kind.advice())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.0.what)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("host", &self.0.host)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

/// Why an endpoint, a cache or a client could not be built: always the program's or the configuration's mistake.
///
/// ```
/// use token_core::BuildError;
///
/// assert_eq!(BuildError::missing("app_key").to_string(), "`app_key` is missing");
/// ```
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.why)
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}

impl std::error::Error for BuildError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_vendor_message_that_echoes_a_secret_is_scrubbed() {
        let secret = Secret::from("wuGzSMMTjb4YhRUOjXHj-t-QD84");
        let error = Error::new(ErrorKind::Rejected, "refused").with_message(
            "Invalid refresh token: wuGzSMMTjb4YhRUOjXHj-t-QD84",
            &Scrubber::new([&secret]),
        );
        assert!(!format!("{error} {error:?} {error:#?}").contains("wuGz"));
        assert_eq!(error.message(), Some("Invalid refresh token: [scrubbed]"));
    }

    #[test]
    fn a_host_with_anything_else_in_it_is_dropped() {
        let error = Error::new(ErrorKind::Protocol, "redirected");
        assert_eq!(
            error.clone().with_host("example.com:8443").host(),
            Some("example.com:8443")
        );
        assert_eq!(
            error.clone().with_host("user:pass@example.com").host(),
            Some("example.com")
        );
        assert_eq!(error.with_host("example.com/?token=1").host(), None);
    }
}
