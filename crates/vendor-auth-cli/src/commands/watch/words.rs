//! What happens next, in words.

use vendor_auth::types::Timestamp;

use crate::commands::status::{self, relative};
use crate::life::{Life, State};

/// Returns what happens to this token next, and what a person has to do.
pub(super) fn next(life: &Life, now: Timestamp) -> String {
    if let (Some(end), State::RefreshDue | State::Expired) = (life.paused_until, life.state) {
        return format!("asked for again {}", relative(end, now));
    }
    match (life.state, life.refresh_at, life.expires_at) {
        (State::Valid, Some(at), _) if at > now => format!("refreshed {}", relative(at, now)),
        (State::Valid, _, Some(at)) => format!("expires {}", relative(at, now)),
        (State::Valid, _, None) => "kept until an API refuses it".to_owned(),
        (State::RefreshDue, _, _) => "refreshed by the next command".to_owned(),
        (State::Expired, _, _) => "requested by the next command".to_owned(),
        (State::LoginRequired, _, _) => format!("run `vendor-auth login {}`", life.name),
        (State::Unknown, _, _) => "run `vendor-auth doctor`: the store is not read".to_owned(),
    }
}

/// Returns the last error, with its own advice.
pub(super) fn last_error(life: &Life, now: Timestamp) -> Option<String> {
    let error = life.last_error.as_ref()?;
    Some(status::last_error(error, now))
}
