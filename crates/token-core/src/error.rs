//! Errors: a kind that says what to do, the vendor's code, and a scrubbed message.

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

/// Why a token could not be obtained, refreshed or revoked.
///
/// ```
/// use token_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Rejected, "the refresh token was revoked");
/// match error.kind() {
///     ErrorKind::Rejected => println!("log in again: {error}"),
///     ErrorKind::Transient { after } => println!("retry after {after:?}"),
///     _ => println!("{error}"),
/// }
/// ```
///
/// The error names the request that failed (step, host and path, never the query), the key, and the
/// vendor's code and message. It is cheap to clone, because all callers that wait for one exchange
/// share its failure. It never contains a body, a query or the text of a parser's error, and the
/// secrets of the exchange are scrubbed from the vendor's texts.
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

/// Returns a colon and the detail, or an empty string.
pub(crate) fn suffix(detail: &Option<String>) -> String {
    let detail = detail.as_ref();
    detail
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default()
}

impl Error {
    /// Creates an error with a constant text, which cannot contain anything received from a server.
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

    /// Adds the vendor's code, scrubbed and truncated to 64 characters.
    #[must_use]
    pub fn with_code(self, code: &str, scrubber: &Scrubber) -> Self {
        let code = scrubber.scrub_code(code, 64);
        self.with(|inner| inner.code = Some(code).filter(|code| !code.is_empty()))
    }

    /// Adds the vendor's message, scrubbed and truncated to 256 characters.
    #[must_use]
    pub fn with_message(self, message: &str, scrubber: &Scrubber) -> Self {
        let message = scrubber.scrub(message, 256);
        self.with(|inner| inner.message = Some(message).filter(|message| !message.is_empty()))
    }

    /// Adds the request that failed. The path must be scrubbed already.
    pub(crate) fn of_request(self, step: Step, host: &str, path: String) -> Self {
        self.with(|inner| {
            inner.context.set_request(step, host, path);
            inner.one_time_grant |= step == Step::Redemption;
        })
    }

    /// Adds the target host of a redirect, with its port if it has one. Anything but a host is
    /// dropped.
    #[must_use]
    pub fn with_host(self, host: &str) -> Self {
        self.with(|inner| inner.context.set_host(host))
    }

    /// Adds the key of the requested token.
    #[must_use]
    pub fn with_key(self, key: &TokenKey) -> Self {
        self.with(|inner| inner.context.key = Some(key.clone()))
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status))
    }

    /// Marks the error as stated by the vendor in its documented format, rather than by a proxy or
    /// inferred from the status.
    #[must_use]
    pub fn as_vendors_word(self) -> Self {
        self.with(|inner| inner.vendors_word = true)
    }

    /// Marks the exchange as that of a one-time grant, which must not be retried automatically.
    /// [`with_request`](Self::with_request) does so for a request of [`Step::Redemption`].
    #[must_use]
    pub fn for_one_time_grant(self) -> Self {
        self.with(|inner| inner.one_time_grant = true)
    }

    /// Sets how long to wait before a retry, whatever the kind.
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

    /// Marks the refusal as one that also invalidated the current access token, which must then no
    /// longer be returned to callers.
    #[must_use]
    pub fn killing_live_token(self) -> Self {
        self.with(|inner| inner.kills_live_token = true)
    }

    /// Changes the kind.
    #[must_use]
    pub fn as_kind(self, kind: ErrorKind) -> Self {
        self.with(|inner| inner.kind = kind)
    }

    /// Returns the kind, which says what the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the vendor's code, such as `90047` or `invalid_grant` (RFC 6749 section 5.2).
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the vendor's message, scrubbed of the secrets of the exchange.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Returns the host of the request, or the target host of a redirect, with the port if one was
    /// given.
    pub fn host(&self) -> Option<&str> {
        self.0.context.host.as_deref()
    }

    /// Returns the path of the request, scrubbed and without the query.
    pub fn path(&self) -> Option<&str> {
        self.0.context.path.as_deref()
    }

    /// Returns the purpose of the request.
    pub fn step(&self) -> Option<Step> {
        self.0.context.step
    }

    /// Returns the key of the requested token.
    pub fn key(&self) -> Option<&TokenKey> {
        self.0.context.key.as_ref()
    }

    /// Returns the HTTP status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns whether the vendor stated the error in its documented format. Otherwise it was
    /// inferred from a status, a web page or a broken connection.
    pub fn is_vendors_word(&self) -> bool {
        self.0.vendors_word
    }

    /// Returns how long to wait before a retry, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.or(self.0.kind.retry_after())
    }

    /// Returns whether the same call may succeed later without a change by the caller.
    ///
    /// The result is that of [`ErrorKind::is_retryable`], except for a one-time grant: a code or a
    /// password that may have been used is retryable only if the vendor did not act on it
    /// ([`Transient`](ErrorKind::Transient), [`Throttled`](ErrorKind::Throttled)) or received no
    /// request ([`Store`](ErrorKind::Store)).
    pub fn is_retryable(&self) -> bool {
        self.0.is_retryable()
    }

    /// Returns whether the refusal also invalidated the current access token (Quectel: a disabled
    /// user or access key).
    pub fn kills_live_token(&self) -> bool {
        self.0.kills_live_token
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// For functions that build an endpoint and return an [`Error`], such as that of a pool. The kind
/// is [`ErrorKind::Config`].
///
/// ```
/// use token_core::{BuildError, Error, ErrorKind};
///
/// let error = Error::from(BuildError::missing("app_key"));
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert!(error.to_string().contains("`app_key` is missing"));
/// ```
impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        // Its text is constant, so there is no secret in it.
        let nothing = Scrubber::new([]);
        Self::new(ErrorKind::Config, "a setting is wrong")
            .with_message(&error.to_string(), &nothing)
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
