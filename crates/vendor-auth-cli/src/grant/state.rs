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
        // Read before the store is asked: if the token expires in between, it is shown as valid,
        // and not as the expired one of a grant that is active.
        let (health, now) = (self.tokens.health(), now());
        let grant = self.state().await;
        // That a person must log in is the state, and no error.
        let unread = loaded.err();
        let unread = unread.filter(|error| error.kind() != ErrorKind::Rejected);
        let unread = unread.as_ref().map(without_time);
        let failed = self.last_failure.read();
        let grant = match &failed {
            Some(failed) if failed.refused(&health) => Some(GrantState::LoginRequired),
            _ => grant,
        };
        let failed = failed.filter(|failed| !health.logged_out || failed.code != failure::LOG_IN);
        // The store may tell of a refusal that no command has met.
        let told = health.last_error.as_ref().map(without_time);
        let last_error = unread.or_else(|| failed.map(LastError::from)).or(told);
        Life::of(&self.profile, &health, grant, last_error, now)
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use vendor_auth::cache::MemoryStore;
    use vendor_auth::types::{Clock, ClockReading, Timestamp, Token, Validity};
    use vendor_auth::{Secret, TokenCache};

    use super::*;
    use crate::config::Config;
    use crate::config::profile::Credentials;
    use crate::http;
    use crate::life::State;

    /// A clock that is a second further at each reading.
    #[derive(Debug)]
    struct Ticking {
        begin: Timestamp,
        seconds: AtomicU64,
    }

    impl Clock for Ticking {
        fn now(&self) -> ClockReading {
            let seconds = self.seconds.fetch_add(1, Ordering::Relaxed);
            let elapsed = Duration::from_secs(seconds);
            let wall = self.begin.after(elapsed);
            ClockReading { wall, elapsed }
        }
    }

    /// Returns a grant of this store at this time.
    fn grant(store: &Arc<MemoryStore>, begin: Timestamp) -> Grant {
        let text = "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"app\"\n\
                    token_url = \"https://state.example.com/token\"\n";
        let config = Config::parse(Path::new("/config.toml"), text).unwrap();
        let profile = config.profile("demo").unwrap();
        let endpoint = profile.endpoint(Credentials::Omitted).unwrap();
        let seconds = AtomicU64::new(0);
        let builder = TokenCache::builder(endpoint)
            .store(Arc::clone(store))
            .clock(Ticking { begin, seconds })
            .http_client(http::offline());
        Grant::build(&config, &profile, builder).unwrap()
    }

    #[tokio::test]
    async fn a_token_that_expires_while_it_is_described_is_valid_or_needs_a_login() {
        let store = Arc::new(MemoryStore::new());
        let issued = now();
        let end = issued.after(Duration::from_secs(3600));
        let token = Token::builder(Secret::from("secret"), Validity::new(issued, end))
            .refresh(Secret::from("also secret"))
            .refresh_expires_at(end);
        let first = grant(&store, issued);
        first
            .tokens
            .set_token(token.build().unwrap())
            .await
            .unwrap();
        let mut states = Vec::new();
        for before in (0..60).rev() {
            let begin = issued.after(Duration::from_secs(3600 - before));
            states.push(grant(&store, begin).life().await.state);
        }
        states.dedup();
        assert_eq!(states, [State::Valid, State::LoginRequired]);
    }
}
