//! The state of one cache: what is in hand, what is known against it, and the flight that brings
//! the next token.

mod flying;
mod outlook;
mod publishing;

pub(crate) use self::outlook::no_token;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::store::{Owner, StoreError};
use token_core::{
    Clock, Error, Freshness, Generation, HttpClient, Token, TokenEndpoint, TokenKey, TokenStore,
};
use tokio::sync::{Notify, broadcast};

use crate::attempts::Attempts;
use crate::decide::{self, Outlook, Standing};
use crate::events::Event;
use crate::exchange::Line;
use crate::failures::Failures;
use crate::held::{Held, Refusal, TokenGuard};
use crate::initial::Initial;
use crate::new_grants::NewGrants;
use crate::pending::Pending;
use crate::runtime::Tasks;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::single_flight::SingleFlight;
use crate::spares::Spares;
use crate::spill::Spill;

pub(crate) struct Engine {
    pub(crate) endpoint: Box<dyn TokenEndpoint>,
    pub(crate) key: TokenKey,
    pub(crate) owner: Owner,
    pub(crate) http: Box<dyn HttpClient>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) attempts: Attempts,
    pub(crate) tasks: Tasks,
    pub(crate) initial: Initial,
    pub(crate) new_grants: NewGrants,
    pub(crate) pending: Pending,
    pub(crate) spares: Spares,
    pub(crate) spill: Spill,
    pub(crate) sessions: Sessions,
    /// Told whenever there is another token.
    pub(crate) published: Notify,
    /// Whether the flight has declared that it spends the token, and does not know yet what came of
    /// it.
    pub(crate) spending: AtomicBool,
    /// When it last began to, in milliseconds of elapsed time.
    pub(crate) spends_since: AtomicU64,
    /// Whether the intent of ours that is stored stands for another holder's, which a failed
    /// redemption had replaced.
    pub(crate) inherits_doubt: AtomicBool,
    /// Whether the flight waits for a doubt.
    pub(crate) resting: AtomicBool,
    /// Whether a tombstone was met, and no token since.
    pub(crate) tombstoned: AtomicBool,
    held: ArcSwap<Held>,
    failures: Failures,
    flight: SingleFlight<Result<(), Error>>,
    events: broadcast::Sender<Event>,
    /// When the store was last looked at for callers without a token, in milliseconds of elapsed
    /// time.
    looked_at: AtomicU64,
    grant_end_told: AtomicBool,
    store_told: AtomicBool,
}

/// The parts that an engine is made of.
pub(crate) struct Parts {
    pub(crate) endpoint: Box<dyn TokenEndpoint>,
    pub(crate) http: Box<dyn HttpClient>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) spill: Option<Arc<dyn TokenStore>>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) attempts: Attempts,
    pub(crate) tasks: Tasks,
    /// A token of the user's own.
    pub(crate) initial: Option<Token>,
    /// Stands where no token is: expired since ever.
    pub(crate) placeholder: Token,
}

/// How many events a reader may be behind.
const EVENT_BACKLOG: usize = 64;

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = parts.clock.now();
        let key = parts.endpoint.key();
        Self {
            owner: Owner::new(parts.attempts.entropy().bytes()),
            initial: Initial::new(&key, parts.initial, parts.placeholder.clone()),
            key,
            endpoint: parts.endpoint,
            http: parts.http,
            store: parts.store,
            clock: parts.clock,
            settings: parts.settings,
            attempts: parts.attempts,
            tasks: parts.tasks,
            new_grants: NewGrants::default(),
            pending: Pending::default(),
            spares: Spares::default(),
            spill: Spill::new(parts.spill),
            sessions: Sessions::default(),
            published: Notify::new(),
            spending: AtomicBool::new(false),
            spends_since: AtomicU64::new(0),
            inherits_doubt: AtomicBool::new(false),
            resting: AtomicBool::new(false),
            tombstoned: AtomicBool::new(false),
            held: ArcSwap::from_pointee(Held::new(parts.placeholder, now)),
            failures: Failures::default(),
            flight: SingleFlight::new(),
            events: broadcast::Sender::new(EVENT_BACKLOG),
            looked_at: AtomicU64::new(0),
            grant_end_told: AtomicBool::new(false),
            store_told: AtomicBool::new(false),
        }
    }

    /// The token if it is fresh: one atomic load and one look at the clock.
    pub(crate) fn fresh(&self) -> Option<TokenGuard> {
        let held = self.held.load();
        held.is_fresh(&self.clock.now())
            .then(|| TokenGuard::new(held))
    }

    /// The token if it is live, fresh or not.
    pub(crate) fn live(&self) -> Option<TokenGuard> {
        let held = self.held.load();
        let state = self.state(&held, Outlook::Clear);
        decide::usable(&state, &self.clock.now()).then(|| TokenGuard::new(held))
    }

    /// The token if it is live and lives for so long.
    pub(crate) fn live_for(&self, span: Duration) -> Option<TokenGuard> {
        let token = self.live()?;
        let seen = self.clock.now().effective_now(self.held.load().anchor());
        (token.validity().expires_at() >= seen.after(span)).then_some(token)
    }

    /// An API refused this token. A late refusal of an older generation changes nothing.
    pub(crate) fn refuse(&self, token: &Token) {
        let held = self.held.load();
        if !is_of(&held, token) {
            return;
        }
        let now = self.clock.now();
        if let Refusal::NotAtFault(times) = held.refuse(&now) {
            let pause = self.settings.backoff.doubled(times);
            held.trust_until(now.elapsed.saturating_add(pause));
            let generation = token.generation();
            self.tell(Event::RefusedAgain { generation });
        }
    }

    /// The vendor killed this token.
    pub(crate) fn kill(&self, token: &Token) {
        let held = self.held.load();
        if held.token().generation() == token.generation() {
            held.kill();
        }
    }

    pub(crate) fn held(&self) -> Arc<Held> {
        self.held.load_full()
    }

    /// The token in hand that can be refreshed; `None` before the first one.
    pub(crate) fn current(&self) -> Option<Token> {
        let held = self.held.load();
        let placeholder = held.never_lived() && held.token().refresh().is_none();
        (!placeholder).then(|| held.token().clone())
    }

    /// The generation of the token in hand.
    pub(crate) fn generation(&self) -> Generation {
        self.held.load().token().generation()
    }

    /// Whether this token, which may be the one in hand, is expired.
    pub(crate) fn is_expired(&self, token: &Token) -> bool {
        let seen = self.clock.now().effective_now(self.held.load().anchor());
        token.validity().at(seen) == Freshness::Expired
    }

    /// Whether nothing is to be expected of the token in hand any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.verdict().is_some() || self.held.load().standing() == Standing::Killed
    }

    /// Whether an API refused the token in hand.
    pub(crate) fn is_refused(&self) -> bool {
        self.held.load().standing() == Standing::Refused
    }

    pub(crate) fn has_login(&self) -> bool {
        self.endpoint.login(&self.line().attempt()).is_some()
    }

    /// Whether the repeatable login takes the place of the next refresh.
    pub(crate) fn calls_for_login(&self) -> bool {
        let is_refused = self.held.load().is_refresh_refused();
        (is_refused || self.failures.calls_for_login(&self.in_hand())) && self.has_login()
    }

    /// The vendor refused to refresh this token, and a login follows. Should that fail, the next
    /// one does not send the token again.
    pub(crate) fn note_refused_refresh(&self, token: &Token) {
        let held = self.held.load();
        if is_of(&held, token) {
            held.set_refresh_refused(true);
        }
    }

    /// The login that took the place of a refresh failed. The refresh is tried again, unless it was
    /// refused.
    pub(crate) fn note_vain_login(&self) {
        if !self.held.load().is_refresh_refused() {
            self.failures.note_vain_login();
        }
    }

    /// The verdict that stands against this generation.
    pub(crate) fn verdict(&self) -> Option<Error> {
        self.failures.verdict()
    }

    pub(crate) fn forget_verdict(&self) {
        self.held.load().set_refresh_refused(false);
        self.failures.forget_verdict();
    }

    /// A store's operation, with its time limit.
    pub(crate) async fn in_time<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let late = |_| Err(StoreError::new("the store did not answer in time"));
        tokio::time::timeout(self.settings.store, operation)
            .await
            .unwrap_or_else(late)
    }

    pub(crate) fn line(&self) -> Line<'_> {
        Line {
            endpoint: &*self.endpoint,
            http: &*self.http,
            clock: &*self.clock,
            attempts: &self.attempts,
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        #[cfg(feature = "tracing")]
        event.log(&self.key);
        // Nobody has to listen.
        _ = self.events.send(event);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

fn is_of(held: &Held, token: &Token) -> bool {
    held.token().generation() == token.generation() && held.token().access().same_as(token.access())
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("key", &self.key)
            .field("held", &self.held.load().token())
            .finish_non_exhaustive()
    }
}
