//! How the grant of a profile is, as the store and the last failure say.

use vendor_auth::cache::GrantState;
use vendor_auth::{Error, ErrorKind};

use super::{Grant, Wanted, now};
use crate::failure::{self, Failure};
use crate::life::{LastError, Life};

impl Grant {
    /// Returns how the token is.
    pub(crate) async fn life(&self) -> Life {
        let loaded = self.tokens.load().await;
        let grant = self.state().await;
        // That a person must log in is the state, and no error.
        let unread = loaded.err();
        let unread = unread.filter(|error| error.kind() != ErrorKind::Rejected);
        let unread = unread.as_ref().map(without_time);
        let (health, failed) = (self.tokens.health(), self.last_failure.read());
        let grant = match &failed {
            Some(failed) if failed.refused(&health) => Some(GrantState::LoginRequired),
            _ => grant,
        };
        let failed = failed.filter(|failed| !health.logged_out || failed.code != failure::LOG_IN);
        // The store may tell of a refusal that no command has met.
        let told = health.last_error.as_ref().map(without_time);
        let last_error = unread.or_else(|| failed.map(LastError::from)).or(told);
        Life::of(&self.profile, &health, grant, last_error, now())
    }

    /// Returns what the grant is good for, once the store was read; `None` if that failed. If
    /// nothing was ever stored, the grant begins with the refresh token of the configuration, which
    /// need not be read for that.
    async fn state(&self) -> Option<GrantState> {
        let state = self.tokens.grant_state().await.ok()?;
        let health = self.tokens.health();
        let is_new = health.generation.is_none() && !health.logged_out;
        let begins = is_new && self.profile.common.refresh_token.is_some();
        match state {
            GrantState::LoginRequired if begins => Some(GrantState::Restorable),
            state => Some(state),
        }
    }

    /// Returns whether the grant was logged out, and the next request for a token logs in again.
    pub(super) fn logs_in_after_logout(&self) -> bool {
        self.tokens.health().logged_out && self.profile.vendor.logs_in_itself()
    }

    /// Returns the failure of a command that does not end a logout.
    pub(super) fn logged_out(&self) -> Failure {
        let name = &self.profile.name;
        Failure::try_later(format!(
            "{name}: logged out; the next `vendor-auth token {name}` logs in again"
        ))
    }

    /// Returns the failure of a command that may not refresh.
    pub(super) async fn nothing_stored(&self, wanted: Wanted) -> Failure {
        let name = &self.profile.name;
        let what = match wanted.min_ttl {
            Some(span) => format!("no token that is valid for {} s is stored", span.as_secs()),
            None => "no valid token is stored".to_owned(),
        };
        match self.state().await {
            Some(GrantState::Expired | GrantState::LoginRequired) => Failure::log_in(format!(
                "{name}: {what}; log in with `vendor-auth login {name}`"
            )),
            _ => Failure::try_later(format!("{name}: {what}; run it without --no-refresh")),
        }
    }
}

fn without_time(error: &Error) -> LastError {
    LastError {
        at: None,
        exit_code: failure::code(error.kind()),
        message: failure::text(error),
    }
}
