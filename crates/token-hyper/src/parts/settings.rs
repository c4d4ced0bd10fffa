//! Checks of single settings.

use std::time::Duration;

use http::HeaderValue;
use token_core::BuildError;

/// Returns the timeout of this setting.
///
/// # Errors
///
/// [`BuildError`] if it is zero.
pub fn nonzero(setting: &'static str, timeout: Duration) -> Result<Duration, BuildError> {
    match timeout.is_zero() {
        true => Err(BuildError::invalid(setting, "is zero")),
        false => Ok(timeout),
    }
}

/// Returns how many requests to one host may be under way.
///
/// # Errors
///
/// [`BuildError`] if that is none.
pub fn requests_per_host(most: u16) -> Result<u16, BuildError> {
    match most {
        0 => Err(BuildError::invalid("max_requests_per_host", "is zero")),
        most => Ok(most),
    }
}

/// Returns the value of the header `User-Agent`.
///
/// # Errors
///
/// [`BuildError`] if a header cannot have it.
pub fn user_agent(text: &str) -> Result<HeaderValue, BuildError> {
    let why = "has a character that is not allowed in a header";
    HeaderValue::from_str(text).map_err(|_| BuildError::invalid("user_agent", why))
}
