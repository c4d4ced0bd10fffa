//! What the driver says, as the engine understands it. No address, argument or server text is passed on: only the error's code.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use token_core::store::StoreError;

const NOT_LET_IN: &str = "Redis does not take the user or the password";

pub(crate) fn store_error(error: &RedisError) -> StoreError {
    let what = match error.kind() {
        ErrorKind::Io if error.is_timeout() => "Redis did not answer in time",
        ErrorKind::Io => "Redis cannot be reached",
        _ if matches!(error.code(), Some("WRONGPASS" | "NOAUTH")) => NOT_LET_IN,
        ErrorKind::AuthenticationFailed => NOT_LET_IN,
        ErrorKind::InvalidClientConfig => "the settings for Redis cannot be used",
        ErrorKind::MasterNameNotFoundBySentinel => "the sentinels know no primary of that name",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => "this Redis is a replica and takes no writes",
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "Redis is still loading its data",
        _ => "Redis refused a command",
    };
    let error_code = error.code().filter(|code| is_code(code));
    StoreError::new(what).with_detail(error_code.unwrap_or_else(|| error.category()))
}

/// Whether another connection may do better: this one is gone, or leads to a server that is no primary any more.
pub(crate) fn is_of_the_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
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
        let said = redis::make_extension_error("OOM".to_owned(), Some("at key hunter2".to_owned()));
        let error = store_error(&said);
        assert_eq!(error.to_string(), "Redis refused a command: OOM");
        let odd = redis::make_extension_error("hunter2 is wrong".to_owned(), None);
        assert!(!store_error(&odd).to_string().contains("hunter2"));
    }
}
