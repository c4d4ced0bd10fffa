//! Maps the driver's errors to store errors, without addresses, arguments or texts of the server:
//! only the error's code.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use token_core::store::StoreError;

const AUTH_FAILED: &str = "Redis rejected the user or the password";
const NO_HELLO: &str =
    "Redis refused HELLO; use `polling_only` of the store's builder to connect without it";
const NO_INFO: &str = "Redis refused INFO, which shows whether it evicts; see `skip_server_check` of the store's builder";

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Connecting,
    /// `INFO`.
    Describing,
    /// A script.
    Running,
    /// `SCAN`.
    Scanning,
    /// `WAIT`.
    WaitingForReplicas,
}

pub(crate) fn store_error(step: Step, error: &RedisError) -> StoreError {
    let (what, detail) = explain(step, error);
    StoreError::new(what).with_detail(detail)
}

/// Returns a text of this crate, and the error's code or the driver's category.
pub(crate) fn explain(step: Step, error: &RedisError) -> (&'static str, String) {
    let what = match error.kind() {
        ErrorKind::Io if error.is_timeout() => "Redis did not answer in time",
        ErrorKind::Io => "Redis cannot be reached",
        _ if is_auth_failure(error) => AUTH_FAILED,
        ErrorKind::RESP3NotSupported => NO_HELLO,
        ErrorKind::InvalidClientConfig => "the settings for Redis cannot be used",
        ErrorKind::MasterNameNotFoundBySentinel => "the sentinels know no primary with that name",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            "this Redis is a replica and accepts no writes"
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "Redis is still loading its data",
        _ if error.code() == Some("OOM") => "Redis is out of memory and accepts no writes",
        _ => refused(step, error),
    };
    let error_code = error.code().filter(|code| is_code(code));
    (
        what,
        error_code.unwrap_or_else(|| error.category()).to_owned(),
    )
}

fn refused(step: Step, error: &RedisError) -> &'static str {
    match step {
        Step::Connecting if is_about_hello(error) => NO_HELLO,
        Step::Connecting => "Redis refused a command while connecting",
        Step::Describing => NO_INFO,
        Step::Running if error.code() == Some("NOPERM") => {
            "Redis does not allow this user to run a script or a command in it; the README lists the permissions"
        }
        Step::Running => "Redis refused a script",
        Step::Scanning => "Redis refused SCAN, which `repair_due_index` of the store needs",
        Step::WaitingForReplicas => {
            "Redis refused WAIT, which `replicas` of the store's builder needs"
        }
    }
}

/// When it connects, the driver sends several commands; only the error's text tells which one
/// failed.
fn is_about_hello(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.to_ascii_lowercase().contains("hello"))
}

fn is_auth_failure(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH"))
}

/// Returns whether a new connection may succeed: this one is broken, its server is no longer the
/// primary, or its password has been replaced.
pub(crate) fn is_connection_error(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || is_auth_failure(error)
        || matches!(
            error.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        )
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_code_and_nothing_the_server_said() {
        let said =
            redis::make_extension_error("BUSY".to_owned(), Some("at key hunter2".to_owned()));
        let error = store_error(Step::Running, &said);
        assert_eq!(error.to_string(), "Redis refused a script: BUSY");
        let odd = redis::make_extension_error("hunter2 is wrong".to_owned(), None);
        for step in [
            Step::Connecting,
            Step::Describing,
            Step::Running,
            Step::Scanning,
            Step::WaitingForReplicas,
        ] {
            assert!(!store_error(step, &odd).to_string().contains("hunter2"));
        }
    }
}
