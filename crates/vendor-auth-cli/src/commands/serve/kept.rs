//! A profile whose token is kept fresh.

mod keeping;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vendor_auth::cache::{Drained, GrantState, Health};
use vendor_auth::types::{ApiOrigin, Timestamp};
use vendor_auth::{Error, ErrorKind, TokenGuard};

use super::answer::Refusal;
use super::history::History;
use super::hook::Hook;
use super::sink::Sink;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::{self, Failure};
use crate::grant::{self, Grant};
use crate::life::{LastError, Life};
use crate::store;

/// How long a client waits for a token.
const WITHIN: Duration = Duration::from_secs(30);

/// A profile, its cache, and where its tokens go.
pub(super) struct Kept {
    grant: Grant,
    origins: Vec<ApiOrigin>,
    sinks: Vec<Sink>,
    hook: Option<Hook>,
    /// Until when the vendor asked an earlier process to wait.
    paused_until: Option<Timestamp>,
    /// How often the store is read.
    store_read_every: Duration,
    warned: Warned,
    history: Mutex<History>,
}

impl Kept {
    pub(super) fn open(
        config: &Config,
        profile: &Profile,
        sinks: Vec<Sink>,
        hook: Option<Hook>,
        warned: Warned,
    ) -> Result<Self, Failure> {
        let grant = Grant::open(config, profile, WITHIN)?;
        let now = grant::now();
        Ok(Self {
            origins: config.origins(profile)?,
            paused_until: grant.vendor_pause_left(now).map(|left| now.after(left)),
            grant,
            sinks,
            hook,
            store_read_every: store::read_every(config.of(profile)),
            warned,
            history: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.grant.profile.name
    }

    /// Returns a token that is valid, for at least this long.
    pub(super) async fn token(&self, min_ttl: Option<Duration>) -> Result<TokenGuard, Refusal> {
        let tokens = &self.grant.tokens;
        let asked = match (self.pause_left(), min_ttl) {
            (Some(left), _) => return self.stored(left, min_ttl).await,
            (None, Some(span)) => tokens.token_valid_for(span).await,
            (None, None) => tokens.token().await,
        };
        asked.map_err(|error| self.refusal(&error))
    }

    /// Returns another token than this one, which an API refused.
    pub(super) async fn other_than(&self, refused: &str) -> Result<TokenGuard, Refusal> {
        let token = self.token(None).await?;
        if token.access().expose() != refused {
            return Ok(token);
        }
        let generation = token.generation();
        // A guard is not held for long.
        drop(token);
        if let Some(left) = self.pause_left() {
            return Err(Refusal::paused(self.name(), left));
        }
        let newer = self.grant.tokens.refresh_if(generation).await;
        newer.map_err(|error| self.refusal(&error))
    }

    /// Returns the stored token while nothing may be sent.
    async fn stored(
        &self,
        left: Duration,
        min_ttl: Option<Duration>,
    ) -> Result<TokenGuard, Refusal> {
        let stored = self.grant.tokens.load().await;
        let stored = stored.map_err(|error| self.refusal(&error))?;
        let end = grant::now().after(min_ttl.unwrap_or_default());
        stored
            .filter(|token| token.validity().expires_at() >= end)
            .ok_or_else(|| Refusal::paused(self.name(), left))
    }

    fn refusal(&self, error: &Error) -> Refusal {
        Refusal::of(error, self.grant.failure_of_kind(error).to_string())
    }

    fn pause_left(&self) -> Option<Duration> {
        let (until, now) = (self.paused_until?, grant::now());
        (until > now).then(|| until.since(now))
    }

    /// Returns how the token is. Neither the vendor nor the store is asked.
    pub(super) fn life(&self) -> Life {
        let health = self.grant.tokens.health();
        let failed_at = self.lock().failures.front().map(|failed| failed.last_at);
        let last_error = health.last_error.as_ref().map(|error| LastError {
            at: failed_at,
            message: failure::text(error),
            exit_code: failure::code(error.kind()),
        });
        let logs_in_itself = self.grant.profile.vendor.logs_in_itself();
        let (grant, now) = (grant_of(&health, logs_in_itself), grant::now());
        let life = Life::of(&self.grant.profile, &health, grant, last_error, now);
        Life {
            paused_until: life
                .paused_until
                .max(self.paused_until.filter(|at| *at > now)),
            ..life
        }
    }

    /// Returns what happened so far.
    pub(super) fn history(&self) -> History {
        self.lock().clone()
    }

    /// Waits, at most this long, until no exchange is in flight and the store has its token.
    pub(super) async fn drain(&self, within: Duration) -> Drained {
        self.grant.tokens.drain(within).await
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what the last failure says about the grant.
fn grant_of(health: &Health, logs_in_itself: bool) -> Option<GrantState> {
    let kind = health.last_error.as_ref().map(Error::kind);
    match kind {
        Some(ErrorKind::Rejected) => Some(GrantState::LoginRequired),
        _ if health.logged_out && !logs_in_itself => Some(GrantState::LoginRequired),
        Some(ErrorKind::Store) => None,
        _ => Some(GrantState::Restorable),
    }
}

/// The warnings about the store, which is the same for all profiles.
#[derive(Clone, Default)]
pub(super) struct Warned(Arc<Mutex<HashSet<String>>>);

impl Warned {
    /// Returns whether nobody was warned of this yet.
    fn is_first(&self, what: &str) -> bool {
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        warned.insert(what.to_owned())
    }
}
