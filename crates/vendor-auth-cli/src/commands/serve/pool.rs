//! A pool whose tokens are served by account.

mod known;
mod log;
mod logins;
mod made;
mod names;
mod told;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use vendor_auth::cache::{Drained, PoolHealth};
use vendor_auth::types::store::TokenStore;
use vendor_auth::{Error, TokenGuard, TokenPool, TokenPoolBuilder};

use self::known::Known;
use self::log::Log;
use self::logins::Logins;
use self::names::Names;
use self::told::text_of;
use super::answer::Refusal;
use crate::config::Config;
use crate::config::pool::Template;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::{grant, http, store};

/// How long a client waits for a token.
const WITHIN: Duration = Duration::from_secs(30);
/// How many accounts are listed by name.
const LISTED: usize = 20;

/// A pool of the configuration.
pub(super) struct Pool {
    profile: Arc<Profile>,
    tokens: TokenPool,
    keeps_fresh: bool,
    known: Arc<Known>,
    store: Arc<dyn TokenStore>,
    /// How often the store is read.
    store_read_every: Duration,
}

/// How a pool is, for people.
pub(super) struct PoolStatus {
    pub(super) name: String,
    pub(super) vendor: &'static str,
    pub(super) health: PoolHealth,
    /// Some of the accounts that must log in again, and what people are told about them.
    pub(super) logins: Vec<(String, String)>,
}

impl Pool {
    pub(super) fn open(
        config: &Config,
        profile: &Profile,
        template: &Template,
    ) -> Result<Self, Failure> {
        let config = config.of(profile);
        let names = Names::of(profile)?;
        let store = store::open(config)?;
        let known = Arc::new(Known::of(&store, profile, template)?);
        let shared = Arc::new(profile.clone());
        let builder = made::pool_of(Arc::clone(&shared), Arc::clone(&known));
        let builder = builder.store(Arc::clone(&store)).wait_timeout(WITHIN);
        let builder = limited(builder, template).account_of(move |key| names.account(key));
        let tokens = builder.http_client(http::client(config)?).build();
        let tokens = tokens
            .map_err(|error| config.mistake(&profile.mistake(error.field(), error.to_string())))?;
        Ok(Self {
            profile: shared,
            tokens,
            keeps_fresh: template.settings.keep_fresh,
            known,
            store,
            store_read_every: store::read_every(config),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.profile.name
    }

    /// Returns a token of this account that is valid, for at least this long.
    pub(super) async fn token(
        &self,
        account: &str,
        min_ttl: Option<Duration>,
    ) -> Result<TokenGuard, Refusal> {
        if let Some(token) = self.tokens.fresh(account).filter(|it| lasts(it, min_ttl)) {
            return Ok(token);
        }
        self.known.check(&self.profile, account).await?;
        let asked = match min_ttl {
            None => self.tokens.token(account).await,
            Some(span) => match self.tokens.cache(account).await {
                Ok(cache) => cache.token_valid_for(span).await,
                Err(error) => Err(error),
            },
        };
        asked.map_err(|error| self.refusal(account, &error))
    }

    /// Returns another token than this one, which an API refused.
    pub(super) async fn other_than(
        &self,
        account: &str,
        refused: &str,
    ) -> Result<TokenGuard, Refusal> {
        let token = self.token(account, None).await?;
        if token.access().expose() != refused {
            return Ok(token);
        }
        let generation = token.generation();
        // A guard is not held for long.
        drop(token);
        self.known.check(&self.profile, account).await?;
        let newer = match self.tokens.cache(account).await {
            Ok(cache) => cache.refresh_if(generation).await,
            Err(error) => Err(error),
        };
        newer.map_err(|error| self.refusal(account, &error))
    }

    pub(super) fn health(&self) -> PoolHealth {
        self.tokens.health()
    }

    fn refusal(&self, account: &str, error: &Error) -> Refusal {
        Refusal::of(error, text_of(&self.profile, account, error))
    }

    pub(super) fn status(&self) -> PoolStatus {
        let logins = self.tokens.logins_needed().take(LISTED);
        let logins = logins.map(|login| {
            let text = text_of(&self.profile, &login.account, &login.error);
            (login.account.to_string(), text)
        });
        PoolStatus {
            name: self.name().to_owned(),
            vendor: self.profile.vendor.display_name(),
            logins: logins.collect(),
            health: self.health(),
        }
    }

    /// Keeps the tokens fresh, and tells the log what happens to them, until the program ends.
    pub(super) async fn keep(&self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.keep_fresh() => {}
            () = self.notice_logins() => {}
            _ = stopped.changed() => {}
        }
    }

    async fn notice_logins(&self) {
        let logins = Logins {
            profile: &self.profile,
            tokens: &self.tokens,
            store: &*self.store,
        };
        logins.notice(self.store_read_every).await;
    }

    async fn keep_fresh(&self) {
        let mut events = self.tokens.events();
        let _fresh = self.keeps_fresh.then(|| self.tokens.keep_fresh());
        let mut log = Log::of(Arc::clone(&self.profile));
        let mut ticks = interval(log::WINDOW);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => log.note(&event),
                    None => break,
                },
                _ = ticks.tick() => log.begin_window(),
            }
        }
    }

    /// Waits, at most this long, until no exchange is in flight and the store has each token.
    pub(super) async fn drain(&self, within: Duration) -> Drained {
        self.tokens.drain(within).await
    }
}

impl PoolStatus {
    /// Returns it in one line.
    pub(super) fn line(&self) -> String {
        let PoolHealth {
            in_memory,
            at_work,
            failing,
            logins_needed,
            evicted,
            ..
        } = self.health;
        format!(
            "{in_memory} accounts in memory, {at_work} at work, {failing} failing, \
             {logins_needed} must log in again, {evicted} evicted"
        )
    }

    /// Returns the state in few words.
    pub(super) fn state(&self) -> &'static str {
        match (self.health.logins_needed, self.health.failing) {
            (0, 0) => "pool",
            (0, _) => "pool, some fail",
            _ => "pool, some must log in again",
        }
    }

    /// Returns the class of the state, in the style sheet.
    pub(super) fn class(&self) -> &'static str {
        match (self.health.logins_needed, self.health.failing) {
            (0, 0) => "good",
            (0, _) => "due",
            _ => "bad",
        }
    }

    /// Returns the same with its name, and a line for each account that is listed.
    pub(super) fn lines(&self) -> String {
        let name = &self.name;
        let mut text = format!("{name}: {}\n", self.line());
        for (account, _) in &self.logins {
            text.push_str(&format!("{name}/{account}: log in again\n"));
        }
        match self.unlisted() {
            0 => text,
            more => text + &format!("{name}: {more} more must log in again\n"),
        }
    }

    /// Returns how many accounts that must log in again are not listed.
    pub(super) fn unlisted(&self) -> usize {
        self.health.logins_needed.saturating_sub(self.logins.len())
    }
}

fn limited(mut builder: TokenPoolBuilder, template: &Template) -> TokenPoolBuilder {
    let settings = &template.settings;
    if let Some(accounts) = settings.max_in_memory {
        builder = builder.max_in_memory(accounts.get());
    }
    if let Some(at_once) = settings.max_exchanges {
        builder = builder.max_exchanges(at_once.get());
    }
    if let Some(rate) = settings.max_rate {
        builder = builder.max_rate(rate.exchanges, rate.span());
    }
    match settings.sweep_interval_seconds {
        Some(seconds) => builder.sweep_interval(Duration::from_secs(seconds.get())),
        None => builder,
    }
}

fn lasts(token: &TokenGuard, min_ttl: Option<Duration>) -> bool {
    min_ttl.is_none_or(|span| token.validity().expires_at() >= grant::now().after(span))
}
