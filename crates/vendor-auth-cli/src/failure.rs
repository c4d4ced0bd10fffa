//! Why a command failed, and its exit code.

mod words;

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use vendor_auth::{Error, ErrorKind};

pub(crate) use self::words::of_the_command;

use crate::printable::printable;

/// The command line is wrong.
pub(crate) const USAGE: u8 = 64;
/// The vendor locked the account.
const LOCKED: u8 = 69;
/// The store or a file failed.
pub(crate) const STORE: u8 = 74;
/// A later try may succeed.
pub(crate) const TRY_LATER: u8 = 75;
/// An answer was not understood.
const PROTOCOL: u8 = 76;
/// A person must log in again.
pub(crate) const LOG_IN: u8 = 77;
/// The configuration is wrong.
pub(crate) const CONFIG: u8 = 78;

/// What a command prints on standard error, and its exit code, as `sysexits.h` has it.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// A mistake in the command line.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    /// A mistake in the configuration.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(CONFIG, message)
    }

    /// A file or the store could not be read or written.
    pub(crate) fn store(message: impl Into<String>) -> Self {
        Self::new(STORE, message)
    }

    /// A person must log in.
    pub(crate) fn log_in(message: impl Into<String>) -> Self {
        Self::new(LOG_IN, message)
    }

    /// A later try may succeed.
    pub(crate) fn try_later(message: impl Into<String>) -> Self {
        Self::new(TRY_LATER, message)
    }

    /// A signal ended the command.
    pub(crate) fn interrupted(signal: u8) -> Self {
        Self::new(128 + signal, "interrupted")
    }

    /// The failure of a token of this profile, with what to add to the advice "log in again".
    pub(crate) fn of_profile(profile: &str, error: &Error, log_in_again: &str) -> Self {
        // A person who logs in again waits for nobody.
        let is_for_later = error.is_retryable() || matches!(error.kind(), ErrorKind::Locked { .. });
        let wait = error.retry_after().filter(|_| is_for_later);
        let wait = wait.map(in_seconds).unwrap_or_default();
        let how = how(error, log_in_again);
        Self::new(
            code(error.kind()),
            format!("{profile}: {}{how}{wait}", text(error)),
        )
    }

    /// The same, without how long to wait, which differs each time.
    pub(crate) fn of_kind_only(profile: &str, error: &Error, log_in_again: &str) -> Self {
        let how = how(error, log_in_again);
        Self::new(
            code(error.kind()),
            format!("{profile}: {}{how}", text(error)),
        )
    }

    /// Returns whether a signal ended the command.
    pub(crate) fn is_interruption(&self) -> bool {
        self.code > 128
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Prints the message, and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // If standard error is closed, the code still tells.
        say(&self.message);
        ExitCode::from(self.code)
    }

    /// A failure that an earlier command had too.
    pub(crate) fn with_code(code: u8, message: impl Into<String>) -> Self {
        Self::new(code, message)
    }

    fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Returns what happened, and what to do. The key of the grant is left out: people know the grant
/// by its profile, which is named beside it.
pub(crate) fn text(error: &Error) -> String {
    of_the_command(without_key(error))
}

fn without_key(error: &Error) -> String {
    let text = error.to_string();
    match error.key() {
        Some(key) => text
            .replace(&format!(" [key {key}]"), "")
            .replace(&format!(", key {key}]"), "]"),
        None => text,
    }
}

fn how<'a>(error: &Error, log_in_again: &'a str) -> &'a str {
    match error.kind() {
        ErrorKind::Rejected => log_in_again,
        _ => "",
    }
}

fn in_seconds(wait: Duration) -> String {
    format!(" (in {} s)", wait.as_secs_f64().ceil())
}

/// Tells the people who read this program's log.
pub(crate) fn say(what: &str) {
    // If standard error is closed, nobody reads it.
    drop(writeln!(
        std::io::stderr(),
        "vendor-auth: {}",
        printable(what)
    ));
}

/// Returns the exit code of a kind of error.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Transient { .. } | ErrorKind::Throttled { .. } | ErrorKind::InDoubt => TRY_LATER,
        ErrorKind::Rejected => LOG_IN,
        ErrorKind::Locked { .. } => LOCKED,
        ErrorKind::Store => STORE,
        ErrorKind::Config | ErrorKind::RefusedAgain => CONFIG,
        _ => PROTOCOL,
    }
}

#[cfg(test)]
mod tests {
    use vendor_auth::types::TokenKey;

    use super::*;

    #[test]
    fn each_kind_of_error_has_its_exit_code() {
        let wait = Duration::from_secs(90);
        let kinds = [
            (ErrorKind::Transient { after: None }, 75),
            (ErrorKind::Throttled { after: Some(wait) }, 75),
            (ErrorKind::InDoubt, 75),
            (ErrorKind::Rejected, 77),
            (ErrorKind::Locked { after: wait }, 69),
            (ErrorKind::Config, 78),
            (ErrorKind::Protocol, 76),
            (ErrorKind::RefusedAgain, 78),
            (ErrorKind::Store, 74),
        ];
        for (kind, expected) in kinds {
            let failure = Failure::of_profile("demo", &Error::new(kind, "it failed"), "");
            assert_eq!(failure.code(), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_failure_names_its_profile_and_not_the_key_of_the_grant() {
        let key = TokenKey::of("oauth2", "id.example.com/token", "billing");
        let of = |error: Error| {
            let failure = Failure::of_profile("demo", &error.with_key(&key), "");
            failure.to_string()
        };
        let down = || Error::new(ErrorKind::Transient { after: None }, "it is down");
        assert_eq!(of(down()), "demo: it is down; retry later");
        let sent = down().with_host("id.example.com");
        let text = "demo: it is down [id.example.com]; retry later";
        assert_eq!(of(sent), text);
    }

    #[test]
    fn a_failure_names_its_profile_what_to_do_and_how_long_to_wait() {
        let locked = ErrorKind::Locked {
            after: Duration::from_millis(1_199_500),
        };
        let failure = Failure::of_profile("demo", &Error::new(locked, "the account is frozen"), "");
        let text = failure.to_string();
        assert!(text.starts_with("demo: the account is frozen"), "{text}");
        assert!(text.ends_with("(in 1200 s)"), "{text}");

        let rejected = Error::new(ErrorKind::Rejected, "the grant was revoked")
            .with_retry_after(Duration::from_secs(219));
        let text = Failure::of_profile("demo", &rejected, " with `it`").to_string();
        assert!(text.ends_with("log in again with `it`"), "{text}");
    }
}
