//! What is known now: the cached token, what speaks against it, and the last failures. No I/O; only
//! the clock is read.

pub(crate) mod api;
#[cfg(feature = "pool")]
pub(crate) mod at_rest;
pub(crate) mod backoff;
pub(crate) mod cached_token;
pub(crate) mod decide;
pub(crate) mod endpoint_traits;
pub(crate) mod entropy;
pub(crate) mod events;
mod failures;
#[cfg(feature = "tracing")]
pub(crate) mod log;
#[cfg(not(feature = "tracing"))]
#[path = "current/log_off.rs"]
pub(crate) mod log;
mod next_exchange;
#[cfg(feature = "pool")]
pub(crate) mod pool_events;
pub(crate) mod publish;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod timing;
pub(crate) mod token_guard;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::{Clock, ClockReading, Freshness, Generation, Rotation, Token, TokenKey};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, broadcast};

use self::cached_token::{CachedToken, Life};
use self::decide::{Decision, Inputs, RefreshState, Status};
use self::endpoint_traits::EndpointTraits;
use self::entropy::Entropy;
use self::events::Event;
use self::failures::Failures;
use self::log::{Log, VendorLog};
#[cfg(feature = "pool")]
use self::pool_events::PoolListener;
use self::sessions::Sessions;
use self::timing::Timing;
use self::token_guard::TokenGuard;
use crate::clock::CacheClock;
use crate::telemetry::metric::Meter;

/// The state of one cache.
pub(crate) struct Current {
    traits: EndpointTraits,
    clock: CacheClock,
    timing: Arc<Timing>,
    entropy: Arc<Entropy>,
    meter: Meter,
    /// For how many threads the header is copied.
    header_copies: usize,
    cached: ArcSwap<CachedToken>,
    failures: Failures,
    sessions: Sessions,
    /// Who else gets the events.
    #[cfg(feature = "pool")]
    listener: Option<PoolListener>,
    /// Woken whenever there is another token.
    published: Notify,
    /// Made for its first reader.
    events: OnceLock<broadcast::Sender<Event>>,
    log: Log,
    /// When the last exchange began, in milliseconds of elapsed time.
    exchange_began: AtomicU64,
    /// Whether a tombstone was met, and no token since.
    logged_out: AtomicBool,
}

/// What the state of a cache begins with.
pub(crate) struct CurrentParts {
    pub(crate) traits: EndpointTraits,
    pub(crate) clock: CacheClock,
    pub(crate) timing: Arc<Timing>,
    pub(crate) entropy: Arc<Entropy>,
    pub(crate) meter: Meter,
    /// How many threads send the token at once, without waiting for one reference count.
    pub(crate) header_copies: usize,
    pub(crate) vendor_log: VendorLog,
    #[cfg(feature = "pool")]
    pub(crate) listener: Option<PoolListener>,
}

/// How many events a reader may be behind.
const EVENT_BACKLOG: usize = 64;

impl Current {
    pub(crate) fn new(parts: CurrentParts) -> Self {
        let cached = CachedToken::placeholder(parts.clock.now());
        Self {
            traits: parts.traits,
            clock: parts.clock,
            timing: parts.timing,
            entropy: parts.entropy,
            meter: parts.meter,
            header_copies: parts.header_copies,
            cached: ArcSwap::from_pointee(cached),
            failures: Failures::default(),
            sessions: Sessions::default(),
            #[cfg(feature = "pool")]
            listener: parts.listener,
            published: Notify::new(),
            events: OnceLock::new(),
            log: Log::of(parts.vendor_log),
            exchange_began: AtomicU64::new(0),
            logged_out: AtomicBool::new(false),
        }
    }

    /// Returns the token if it is fresh, with one atomic load and one clock read.
    pub(crate) fn fresh(&self) -> Option<TokenGuard> {
        let cached = self.cached.load();
        cached
            .is_fresh(&self.clock)
            .then(|| TokenGuard::new(cached))
    }

    /// Returns the token if it is live, fresh or not.
    pub(crate) fn live(&self) -> Option<TokenGuard> {
        self.live_at(&self.now())
    }

    fn live_at(&self, now: &ClockReading) -> Option<TokenGuard> {
        let cached = self.cached.load();
        let inputs = self.inputs(&cached, RefreshState::Idle);
        decide::is_usable(&inputs, now).then(|| TokenGuard::new(cached))
    }

    /// Returns the token if it lives for at least this long.
    pub(crate) fn live_for(&self, span: Duration) -> Option<TokenGuard> {
        let token = self.live()?;
        let cached = self.cached.load();
        let now = self.now().effective_now(&cached.anchor());
        (cached.validity().expires_at() >= now.after(span)).then_some(token)
    }

    /// Whether an exchange has just shown that the vendor's tokens do not live this long.
    pub(crate) fn never_lives_for(&self, span: Duration) -> bool {
        let (cached, now) = (self.cached.load(), self.now());
        cached.is_newly_exchanged(&now) && cached.life(&now).total < span
    }

    pub(crate) fn cached(&self) -> Arc<CachedToken> {
        self.cached.load_full()
    }

    /// Returns the token that can be refreshed; `None` before the first one.
    pub(crate) fn token(&self) -> Option<Token> {
        let cached = self.cached.load();
        (!cached.is_placeholder()).then(|| cached.token().clone())
    }

    /// Returns the generation of the token that can be refreshed; `None` before the first one.
    pub(crate) fn token_generation(&self) -> Option<Generation> {
        let cached = self.cached.load();
        (!cached.is_placeholder()).then(|| cached.token().generation())
    }

    pub(crate) fn generation(&self) -> Generation {
        self.cached.load().token().generation()
    }

    pub(crate) fn life(&self) -> Life {
        self.cached.load().life(&self.now())
    }

    /// Whether this token, which may be the cached one, is expired.
    pub(crate) fn is_expired(&self, token: &Token) -> bool {
        let now = self.now().effective_now(&self.cached.load().anchor());
        token.validity().at(now) == Freshness::Expired
    }

    /// Whether the cached token can neither be used nor refreshed any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.refusal().is_some() || self.cached.load().status() == Status::Revoked
    }

    /// Whether an API rejected the cached token.
    pub(crate) fn is_rejected(&self) -> bool {
        self.cached.load().status() == Status::Rejected
    }

    /// Whether a caller asked for a token newer than the cached one.
    pub(crate) fn is_superseded(&self) -> bool {
        self.cached.load().is_superseded()
    }

    /// Whether a tombstone was met, and no token since.
    pub(crate) fn is_logged_out(&self) -> bool {
        self.logged_out.load(Ordering::Acquire)
    }

    /// Returns what a caller gets while no refresh is in flight.
    pub(crate) fn decide(&self) -> Decision {
        let (cached, now) = (self.cached.load(), self.now());
        let refresh = self.backing_off(&cached, &now);
        decide::decide(&self.inputs(&cached, refresh), &now)
    }

    /// Returns what a caller gets while a refresh is in flight.
    pub(crate) fn decide_during(&self, refresh: RefreshState) -> Decision {
        let cached = self.cached.load();
        decide::decide(&self.inputs(&cached, refresh), &self.now())
    }

    fn inputs(&self, cached: &CachedToken, refresh: RefreshState) -> Inputs {
        Inputs {
            validity: cached.validity(),
            anchor: cached.anchor(),
            status: cached.status(),
            refresh,
            exchange_ends_it: self.traits.exchange_ends_old_token,
            superseded: cached.is_superseded(),
        }
    }

    pub(crate) fn now(&self) -> ClockReading {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    pub(crate) fn key(&self) -> &TokenKey {
        &self.traits.key
    }

    /// Returns what its metrics go to.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn rotation(&self) -> Rotation {
        self.traits.rotation
    }

    pub(crate) fn exchange_ends_old_token(&self) -> bool {
        self.traits.exchange_ends_old_token
    }

    /// Whether the vendor has a repeatable login.
    pub(crate) fn has_login(&self) -> bool {
        self.traits.has_login(&self.entropy, || self.now().wall)
    }

    pub(crate) fn emit(&self, event: Event) {
        self.log.event(self.key(), &event);
        #[cfg(feature = "pool")]
        if let Some(listener) = &self.listener {
            listener.send(&event);
        }
        if let Some(events) = self.events.get() {
            // The readers may be gone.
            _ = events.send(event);
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        let events = self
            .events
            .get_or_init(|| broadcast::Sender::new(EVENT_BACKLOG));
        events.subscribe()
    }

    /// Waits for another token.
    pub(crate) fn published(&self) -> Notified<'_> {
        self.published.notified()
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("key", &self.traits.key)
            .field("token", &self.cached.load().token())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
