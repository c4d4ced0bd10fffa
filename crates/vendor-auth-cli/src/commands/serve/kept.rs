//! A profile whose token is kept fresh.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vendor_auth::cache::{Event, GrantState, Health};
use vendor_auth::types::{ApiOrigin, Generation, Timestamp};
use vendor_auth::{Error, ErrorKind, Token, TokenGuard};

use super::answer::Refusal;
use super::history::History;
use super::hook::Hook;
use super::sink::Sink;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::say;
use crate::failure::{self, Failure};
use crate::grant::{self, Grant};
use crate::life::{LastError, Life};

/// How long a client waits for a token.
const WITHIN: Duration = Duration::from_secs(30);
/// How often files that could not be written are written again.
const RECHECK: Duration = Duration::from_secs(15);

/// A profile, its cache, and where its tokens go.
pub(super) struct Kept {
    grant: Grant,
    origins: Vec<ApiOrigin>,
    sinks: Vec<Sink>,
    hook: Option<Hook>,
    /// Until when the vendor asked an earlier process to wait.
    paused_until: Option<Timestamp>,
    history: Mutex<History>,
}

impl Kept {
    pub(super) fn open(
        config: &Config,
        profile: &Profile,
        sinks: Vec<Sink>,
        hook: Option<Hook>,
    ) -> Result<Self, Failure> {
        let grant = Grant::open(config, profile, WITHIN)?;
        let now = grant::now();
        Ok(Self {
            origins: config.origins(profile)?,
            paused_until: grant.vendor_pause_left(now).map(|left| now.after(left)),
            grant,
            sinks,
            hook,
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

    /// Keeps the token fresh, and its files up to date, until this is dropped.
    pub(super) async fn keep(&self) {
        let mut events = self.grant.tokens.events();
        if let Some(left) = self.pause_left() {
            say(&format!(
                "{}: the vendor asked clients to wait {} s",
                self.name(),
                left.as_secs()
            ));
            drop(self.grant.tokens.load().await);
            self.note_token();
            tokio::time::sleep(left).await;
        }
        let _fresh = self.grant.tokens.keep_fresh();
        let mut written = None;
        loop {
            self.hand_on(&mut written).await;
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.note(&event),
                    None => return,
                },
                () = tokio::time::sleep(RECHECK) => {}
            }
        }
    }

    /// Writes the current token if that has not been done.
    async fn hand_on(&self, written: &mut Option<Generation>) {
        let Some(token) = self.grant.tokens.current() else {
            return;
        };
        let token = Token::clone(&token);
        self.note_token();
        if *written == Some(token.generation()) {
            return;
        }
        for sink in &self.sinks {
            let wrote = sink.write(&self.grant.profile, &token, &self.origins, grant::now());
            if let Err(failure) = wrote {
                return say(&format!("{}: {failure}", self.name()));
            }
        }
        *written = Some(token.generation());
        if let Some(hook) = &self.hook
            && let Err(failure) = hook.run(self.name(), &token).await
        {
            say(&failure.to_string());
        }
    }

    fn note_token(&self) {
        self.lock()
            .note_token(&self.grant.tokens.health(), grant::now());
    }

    fn note(&self, event: &Event) {
        let now = grant::now();
        match event {
            Event::Refreshed { .. } => {
                self.grant.note_outcome(now);
                if self.lock().note_success() {
                    say(&format!("{}: there is a new token again", self.name()));
                }
            }
            Event::Failed { error, .. }
            | Event::Rejected { error }
            | Event::PersistFailed { error, .. } => self.note_failure(error, now),
            Event::StoreWarning { what } => say(&format!("{}: {what}", self.name())),
            Event::GrantEnds { at } => {
                let name = self.name();
                say(&format!(
                    "{name}: log in again with `vendor-auth login {name}` before {at}"
                ));
            }
            _ => {}
        }
    }

    fn note_failure(&self, error: &Error, now: Timestamp) {
        self.grant.note_outcome(now);
        let text = self.grant.failure_of_kind(error).to_string();
        if self.lock().note_failure(text.clone(), now) {
            say(&text);
        }
    }

    /// Returns how the token is. Neither the vendor nor the store is asked.
    pub(super) fn life(&self) -> Life {
        let health = self.grant.tokens.health();
        let failed_at = self.lock().failures.front().map(|failed| failed.last_at);
        let last_error = health.last_error.as_ref().map(|error| LastError {
            at: failed_at,
            message: error.to_string(),
            exit_code: failure::code(error.kind()),
        });
        let grant = grant_of(&health);
        Life::of(
            &self.grant.profile,
            &health,
            grant,
            last_error,
            grant::now(),
        )
    }

    /// Returns what happened so far.
    pub(super) fn history(&self) -> History {
        self.lock().clone()
    }

    /// Waits until nothing is in flight.
    pub(super) async fn drain(&self, within: Duration) {
        let _settled = self.grant.tokens.drain(within).await;
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what the last failure says about the grant.
fn grant_of(health: &Health) -> Option<GrantState> {
    let kind = health.last_error.as_ref().map(Error::kind);
    match kind {
        Some(ErrorKind::Rejected) => Some(GrantState::LoginRequired),
        _ if health.logged_out => Some(GrantState::LoginRequired),
        Some(ErrorKind::Store) => None,
        _ => Some(GrantState::Restorable),
    }
}
