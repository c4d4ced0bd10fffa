//! A profile's token cache over the configured store.

mod begin;
pub(crate) mod refused;
mod state;
mod told;

use std::time::Duration;

use tokio::runtime::Handle;
use vendor_auth::cache::{Drained, Health, SystemClock};
use vendor_auth::types::{Clock as _, Timestamp};
use vendor_auth::{Secret, TokenCache, TokenCacheBuilder, TokenEndpoint, TokenGuard};

use crate::config::Config;
use crate::config::profile::{Credentials, Profile};
use crate::failure::{self, Failure};
use crate::http;
use crate::last_failure::{self, Failed, LastFailure};
use crate::signals;
use crate::store;

/// How long a command waits for an exchange whose result it does not need.
const WHILE_VALID: Duration = Duration::from_secs(60);
/// The same if a login can replace what is lost.
const WHILE_LOGIN_REMAINS: Duration = Duration::from_secs(5);

const UNSTORED: &str = "the store did not take this token, so the next command requests another";

/// A profile and its tokens.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) profile: Profile,
    pub(crate) tokens: TokenCache,
    last_failure: LastFailure,
    /// Tells the refresh tokens of the configuration apart; none if it was not read.
    first: Option<String>,
}

/// Which token is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The longest time to wait for the vendor.
    pub(crate) within: Duration,
    /// The shortest time that it must be valid.
    pub(crate) min_ttl: Option<Duration>,
    /// Whether a valid one is replaced.
    pub(crate) force: bool,
    /// Whether the store's token is taken or none.
    pub(crate) no_refresh: bool,
    /// Whether a logout stands, although the program can log in again.
    pub(crate) keep_logout: bool,
}

impl Default for Wanted {
    /// A token that is valid now.
    fn default() -> Self {
        Self {
            within: Duration::from_secs(30),
            min_ttl: None,
            force: false,
            no_refresh: false,
            keep_logout: false,
        }
    }
}

impl Grant {
    /// Opens the grant of a profile: tokens can be requested.
    pub(crate) fn open(
        config: &Config,
        profile: &Profile,
        within: Duration,
    ) -> Result<Self, Failure> {
        let config = config.of(profile);
        let endpoint = profile.endpoint(Credentials::Read);
        let endpoint = endpoint.map_err(|mistake| config.mistake(&mistake))?;
        Self::online(config, profile, endpoint, within)
    }

    /// Opens what the store has: no credential is read, and nothing is sent.
    pub(crate) fn open_offline(config: &Config, profile: &Profile) -> Result<Self, Failure> {
        let config = config.of(profile);
        let endpoint = profile.endpoint(Credentials::Omitted);
        let endpoint = endpoint.map_err(|mistake| config.mistake(&mistake))?;
        let mut builder = TokenCache::builder(endpoint).store(store::open(config)?);
        if let Ok(this) = Handle::try_current() {
            // No exchange outlives the command, so the threads for that need not be started.
            builder = builder.runtime(this);
        }
        Self::build(config, profile, builder.http_client(http::offline()))
    }

    /// Opens the grant of an endpoint that has its credentials.
    fn online(
        config: &Config,
        profile: &Profile,
        endpoint: Box<dyn TokenEndpoint>,
        within: Duration,
    ) -> Result<Self, Failure> {
        let builder = TokenCache::builder(endpoint).store(store::open(config)?);
        let mut builder = builder.wait_timeout(within);
        let first = first_refresh_token(config, profile)?;
        if let Some(first) = &first {
            builder = builder.refresh_token(first.clone());
        }
        let grant = Self::build(config, profile, builder.http_client(http::client(config)?))?;
        let first = first.map(|first| last_failure::digest(grant.tokens.key(), &first));
        Ok(Self { first, ..grant })
    }

    fn build(
        config: &Config,
        profile: &Profile,
        builder: TokenCacheBuilder,
    ) -> Result<Self, Failure> {
        let tokens = builder
            .build()
            .map_err(|error| config.mistake(&profile.mistake(error.field(), error.to_string())))?;
        let last_failure = LastFailure::of(profile, tokens.key());
        Ok(Self {
            profile: profile.clone(),
            tokens,
            last_failure,
            first: None,
        })
    }

    /// Returns the token of a profile: the stored one if nothing has to be done about it.
    pub(crate) async fn token(
        config: &Config,
        profile: &Profile,
        wanted: Wanted,
    ) -> Result<(TokenGuard, Self), Failure> {
        let mut unread = None;
        if !wanted.force {
            let stored = Self::open_offline(config, profile)?;
            let found = stored.stored(wanted).await;
            if wanted.no_refresh || matches!(found, Ok(Some(_))) {
                return match found? {
                    Some(token) => Ok((token, stored)),
                    None => Err(stored.nothing_stored(wanted).await),
                };
            }
            if wanted.keep_logout && stored.logs_in_after_logout() {
                return Err(stored.logged_out());
            }
            unread = found.err();
        }
        if wanted.force || unread.is_some() {
            store::prepare(config.of(profile)).await?;
        }
        let grant = Self::open(config, profile, wanted.within)?;
        let token = signals::interruptible(&grant.tokens, grant.newest(wanted, unread)).await?;
        Ok((token, grant))
    }

    /// Returns the stored token if it is good enough.
    async fn stored(&self, wanted: Wanted) -> Result<Option<TokenGuard>, Failure> {
        let Some(token) = self
            .tokens
            .load()
            .await
            .map_err(|error| self.failure(&error))?
        else {
            return Ok(None);
        };
        let now = now();
        let is_long_enough = wanted
            .min_ttl
            .is_none_or(|span| token.validity().expires_at() >= now.after(span));
        let health = self.tokens.health();
        let is_due = is_due(&health, now);
        let may_rest = || {
            let failed = self.last_failure.read();
            failed.is_some_and(|failed| failed.is_paused(now) || failed.refused(&health))
        };
        let is_good = wanted.no_refresh || !is_due || may_rest();
        Ok((is_long_enough && is_good).then_some(token))
    }

    /// Requests a token if the current one is not good enough.
    async fn newest(&self, wanted: Wanted, unread: Option<Failure>) -> Result<TokenGuard, Failure> {
        let now = now();
        if let Some(failed) = self.last_failure.read()
            && !wanted.force
        {
            self.may_ask_again(&failed, now).await?;
        }
        let asked = match (wanted.force, wanted.min_ttl) {
            (true, _) => self.another().await,
            (false, Some(span)) => self.tokens.token_valid_for(span).await,
            (false, None) => self.tokens.token().await,
        };
        // An exchange that was due is completed before the process ends, and its token is newer.
        // If it is not completed by then, it is as if the process had been killed: the store's
        // intent tells the next one.
        let settled = self.tokens.drain(self.patience()).await;
        self.note_outcome(now);
        if asked.is_ok() && settled == Drained::Unsettled {
            self.tell_unstored(unread.as_ref());
        }
        asked
            .map(|token| self.tokens.current().unwrap_or(token))
            .map_err(|error| self.no_token(&error))
    }

    /// Tells that the store did not take the token, and why if it could not be read before.
    fn tell_unstored(&self, unread: Option<&Failure>) {
        let name = &self.profile.name;
        match unread {
            Some(why) => {
                failure::say(&why.to_string());
                failure::say(&format!("{name}: {UNSTORED}"));
            }
            None => failure::say(&format!(
                "{name}: {UNSTORED}; `vendor-auth doctor {name}` finds out why"
            )),
        }
    }

    /// Returns how much longer the vendor asked clients to wait, as an earlier process was told.
    pub(crate) fn vendor_pause_left(&self, now: Timestamp) -> Option<Duration> {
        self.last_failure.read()?.vendor_pause_left(now)
    }

    /// Returns how long the end of an exchange and the store are waited for: if the program can log
    /// in again, nothing is lost but a login.
    fn patience(&self) -> Duration {
        match self.profile.vendor.logs_in_itself() {
            true => WHILE_LOGIN_REMAINS,
            false => WHILE_VALID,
        }
    }

    /// Keeps the last failure for the processes that come next, and for `status`.
    pub(crate) fn note_outcome(&self, now: Timestamp) {
        let health = self.tokens.health();
        match &health.last_error {
            Some(error) if !self.lacks_login(error) => {
                let first = self.first.clone();
                self.last_failure.write(error, &health, first, now);
            }
            _ => self.last_failure.clear(),
        }
    }

    async fn another(&self) -> Result<TokenGuard, vendor_auth::Error> {
        match self.tokens.load().await? {
            Some(token) => self.tokens.refresh_if(token.generation()).await,
            None => self.tokens.token().await,
        }
    }

    /// Refuses to send what the vendor will refuse: it asked clients to wait, or it refused this
    /// very grant.
    async fn may_ask_again(&self, failed: &Failed, now: Timestamp) -> Result<(), Failure> {
        let (name, message) = (&self.profile.name, &failed.message);
        if let Some(left) = failed.vendor_pause_left(now) {
            let left = left.as_secs_f64().ceil();
            let text =
                format!("{name}: {message}; nothing is sent for {left} s, unless with --force");
            return Err(Failure::with_code(failed.code, text));
        }
        // If the store cannot be read, the request for a token says so.
        drop(self.tokens.load().await);
        // A refresh token that somebody put into the configuration since is tried.
        let is_same = self.first.is_none() || failed.first == self.first;
        match is_same && failed.refused(&self.tokens.health()) {
            true => {
                let how = self.profile.log_in_again();
                Err(Failure::log_in(format!("{name}: {message}{how}")))
            }
            false => Ok(()),
        }
    }
}

/// Returns the time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now().wall
}

fn is_due(health: &Health, now: Timestamp) -> bool {
    health.refresh_at.is_some_and(|at| at <= now)
}

/// Returns the refresh token with which the configuration begins the grant.
fn first_refresh_token(config: &Config, profile: &Profile) -> Result<Option<Secret>, Failure> {
    let first = profile.first_refresh_token();
    first.map_err(|mistake| config.mistake(&mistake))
}
