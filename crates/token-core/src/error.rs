//! Errors for people and for programs: a kind that says what to do, the vendor's code, a scrubbed
//! message.

mod context;
pub(crate) mod kind;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use self::context::Context;
use crate::endpoint::attempt::Step;
use crate::scrub::Scrubber;
use crate::token::key::TokenKey;

pub use self::kind::{BuildError, ErrorKind};

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
/// It tells which request failed (step, host and path, never the query), for which key, and what
/// the vendor said. It is cheap to clone, because every caller that waited for one exchange shares
/// its failure. It never holds a token, a body, a query or the text of a parser's error.
#[derive(Clone, thiserror::Error)]
#[error("{}{}{}{}; {}", .0.what, .0.code_suffix(), suffix(&.0.message), .0.context, .0.advice())]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    what: &'static str,
    code: Option<String>,
    message: Option<String>,
    retry_after: Option<Duration>,
    context: Context,
    status: Option<StatusCode>,
    vendors_word: bool,
    one_time_grant: bool,
    kills_live_token: bool,
}

impl Inner {
    fn code_suffix(&self) -> String {
        let code = self.code.as_ref();
        code.map(|code| format!(" (code {code})"))
            .unwrap_or_default()
    }

    fn is_retryable(&self) -> bool {
        let spent = matches!(self.kind, ErrorKind::Protocol | ErrorKind::InDoubt);
        self.kind.is_retryable() && !(self.one_time_grant && spent)
    }

    fn advice(&self) -> &'static str {
        if self.kind.is_retryable() && !self.is_retryable() {
            return "the code or password may have been used, start the login again";
        }
        self.kind.advice()
    }
}

/// Returns what follows a constant text: a colon and the detail, or nothing.
pub(crate) fn suffix(detail: &Option<String>) -> String {
    let detail = detail.as_ref();
    detail
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default()
}

impl Error {
    /// An error of our own, with a constant text: nothing that came over the wire can get into it.
    pub fn new(kind: ErrorKind, what: &'static str) -> Self {
        Self(Arc::new(Inner {
            kind,
            what,
            code: None,
            message: None,
            retry_after: None,
            context: Context::default(),
            status: None,
            vendors_word: false,
            one_time_grant: false,
            kills_live_token: false,
        }))
    }

    /// Adds the vendor's code, scrubbed and cut to 64 characters.
    #[must_use]
    pub fn with_code(self, code: &str, scrubber: &Scrubber) -> Self {
        let code = scrubber.scrub_code(code, 64);
        self.with(|inner| inner.code = Some(code).filter(|code| !code.is_empty()))
    }

    /// Adds the vendor's message, scrubbed and cut to 256 characters.
    #[must_use]
    pub fn with_message(self, message: &str, scrubber: &Scrubber) -> Self {
        let message = scrubber.scrub(message, 256);
        self.with(|inner| inner.message = Some(message).filter(|message| !message.is_empty()))
    }

    /// Adds which request failed; its path must be scrubbed already.
    pub(crate) fn of_request(self, step: Step, host: &str, path: String) -> Self {
        self.with(|inner| {
            inner.context.set_request(step, host, path);
            inner.one_time_grant |= step == Step::Redemption;
        })
    }

    /// Adds the host that a redirect named, with its port if it has one. Anything but a host is
    /// dropped.
    #[must_use]
    pub fn with_host(self, host: &str) -> Self {
        self.with(|inner| inner.context.set_host(host))
    }

    /// Adds the key of the token that was asked for.
    #[must_use]
    pub fn with_key(self, key: &TokenKey) -> Self {
        self.with(|inner| inner.context.key = Some(key.clone()))
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status))
    }

    /// Says that the vendor's own documented format says so, and not a proxy or a guess from the
    /// status.
    #[must_use]
    pub fn as_vendors_word(self) -> Self {
        self.with(|inner| inner.vendors_word = true)
    }

    /// Says that the exchange was for a one-time grant, which must not be sent again by itself. A
    /// request of [`Step::Redemption`] says so too.
    #[must_use]
    pub fn for_one_time_grant(self) -> Self {
        self.with(|inner| inner.one_time_grant = true)
    }

    /// Sets how long to wait before asking again, whatever the kind.
    ///
    /// ```
    /// use std::time::Duration;
    /// use token_core::{Error, ErrorKind};
    ///
    /// let wait = Duration::from_secs(20);
    /// let error = Error::new(ErrorKind::Rejected, "refused").with_retry_after(wait);
    /// assert_eq!(error.retry_after(), Some(wait));
    /// ```
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.with(|inner| {
            inner.kind = inner.kind.with_retry_after(wait);
            inner.retry_after = Some(wait);
        })
    }

    /// Says that the refusal also killed the access token in hand, so that it must no longer be
    /// served.
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

    /// The host that was asked, or that a redirect named, with the port if one was given.
    pub fn host(&self) -> Option<&str> {
        self.0.context.host.as_deref()
    }

    /// The path that was asked, scrubbed, without the query.
    pub fn path(&self) -> Option<&str> {
        self.0.context.path.as_deref()
    }

    /// What the request was for.
    pub fn step(&self) -> Option<Step> {
        self.0.context.step
    }

    /// The key of the token that was asked for.
    pub fn key(&self) -> Option<&TokenKey> {
        self.0.context.key.as_ref()
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Whether the vendor said so in its own documented format. Otherwise the error is our reading
    /// of a status, a web page or a broken connection.
    pub fn is_vendors_word(&self) -> bool {
        self.0.vendors_word
    }

    /// How long to wait before asking again, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.or(self.0.kind.retry_after())
    }

    /// Whether the same call may succeed later with no change on the caller's side.
    ///
    /// This is what [`ErrorKind::is_retryable`] says, except for a one-time grant: a code or a
    /// password that may have been used is retryable only if the vendor did not act on it
    /// ([`Transient`](ErrorKind::Transient), [`Throttled`](ErrorKind::Throttled)) or was not asked
    /// ([`Store`](ErrorKind::Store)).
    pub fn is_retryable(&self) -> bool {
        self.0.is_retryable()
    }

    /// Whether the refusal also killed the access token in hand (Quectel: a disabled user or access
    /// key).
    pub fn kills_live_token(&self) -> bool {
        self.0.kills_live_token
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.0.what)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("status", &self.0.status)
            .field("step", &self.0.context.step)
            .field("host", &self.0.context.host)
            .field("path", &self.0.context.path)
            .field("key", &self.0.context.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
