//! The state of one cache, and the way of a caller through it: snapshot, decide, flight, failure.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::store::{Owner, StoreError};
use token_core::{
    Clock, Error, ErrorKind, Freshness, HttpClient, Key, Moment, Timestamp, Token, TokenEndpoint, TokenStore,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, broadcast};

use crate::attempts::Attempts;
use crate::decide::{self, Decision, Outlook, Standing, State};
use crate::events::{Event, Origin};
use crate::exchange::Line;
use crate::failures::Failures;
use crate::held::{Held, TokenGuard};
use crate::pending::Pending;
use crate::settings::Settings;
use crate::single_flight::{Boarding, Passenger, Pilot, SingleFlight};
use crate::spares::Spares;
use crate::spill::Spill;
use crate::transaction::{self, Errand};

pub(crate) struct Engine {
    pub(crate) endpoint: Box<dyn TokenEndpoint>,
    pub(crate) key: Key,
    pub(crate) owner: Owner,
    pub(crate) http: Box<dyn HttpClient>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) attempts: Attempts,
    pub(crate) pending: Pending,
    pub(crate) spares: Spares,
    pub(crate) spill: Spill,
    held: ArcSwap<Held>,
    failures: Failures,
    flight: SingleFlight<Result<(), Error>>,
    events: broadcast::Sender<Event>,
    /// Told whenever there is another token.
    pub(crate) published: Notify,
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
    /// A token of the user's own, or a placeholder that is expired.
    pub(crate) first: Token,
}

/// How many events a reader may be behind.
const EVENT_BACKLOG: usize = 64;

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = parts.clock.now();
        Self {
            key: parts.endpoint.key(),
            owner: Owner::new(parts.attempts.entropy().bytes()),
            endpoint: parts.endpoint,
            http: parts.http,
            store: parts.store,
            clock: parts.clock,
            settings: parts.settings,
            attempts: parts.attempts,
            pending: Pending::default(),
            spares: Spares::default(),
            spill: Spill::new(parts.spill),
            held: ArcSwap::from_pointee(Held::new(parts.first, now)),
            failures: Failures::default(),
            flight: SingleFlight::new(),
            events: broadcast::Sender::new(EVENT_BACKLOG),
            published: Notify::new(),
        }
    }

    /// The token where it is fresh: one atomic load and one look at the clock.
    pub(crate) fn fresh(&self) -> Option<TokenGuard> {
        let held = self.held.load();
        held.is_fresh(&self.clock.now()).then(|| TokenGuard::new(held))
    }

    /// The token where it is live, fresh or not.
    pub(crate) fn live(&self) -> Option<TokenGuard> {
        let held = self.held.load();
        let state = state(&held, Outlook::Clear);
        decide::usable(&state, &self.clock.now()).then(|| TokenGuard::new(held))
    }

    /// What a caller gets whose token is not fresh.
    pub(crate) async fn token(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        match self.decide() {
            Decision::Use => self.live().ok_or_else(no_token),
            Decision::UseAndRefresh => {
                let boarded = self.take_off();
                self.live()
                    .ok_or_else(no_token)
                    .or_else(|error| boarded.and(Err(error)))
            }
            Decision::Wait => self.wait(within).await,
            Decision::Fail => self.live().ok_or_else(|| self.last_error()),
        }
    }

    pub(crate) fn decide(&self) -> Decision {
        let held = self.held.load();
        let outlook = match self.is_flying() {
            true => Outlook::InFlight,
            false => self.held_off(&held),
        };
        decide::decide(&state(&held, outlook), &self.clock.now())
    }

    /// Joins the flight, or begins one as a task of its own, which no caller can cancel.
    pub(crate) fn take_off(self: &Arc<Self>) -> Result<Option<Passenger<Result<(), Error>>>, Error> {
        let runtime = runtime()?;
        match self.flight.board(|| self.needs_flight()) {
            Boarding::NotNeeded => Ok(None),
            Boarding::Passenger(passenger, pilot) => {
                if let Some(pilot) = pilot {
                    runtime.spawn(self.clone().fly(Errand::Refresh, pilot));
                }
                Ok(Some(passenger))
            }
        }
    }

    /// Looked at under the flight's lock: a flight that just ended has published what it brought.
    fn needs_flight(&self) -> bool {
        matches!(self.decide_alone(), Decision::Wait | Decision::UseAndRefresh)
    }

    /// Runs an errand as the next flight, after the one under way.
    pub(crate) async fn run(self: &Arc<Self>, errand: Errand) -> Result<(), Error> {
        let runtime = runtime()?;
        loop {
            match self.flight.board(|| true) {
                Boarding::Passenger(passenger, Some(pilot)) => {
                    runtime.spawn(self.clone().fly(errand, pilot));
                    let broke_off = || Err(Error::new(ErrorKind::InDoubt, "the flight broke off"));
                    return passenger.await.unwrap_or_else(broke_off);
                }
                Boarding::Passenger(passenger, None) => _ = passenger.await,
                Boarding::NotNeeded => {}
            }
        }
    }

    async fn fly(self: Arc<Self>, errand: Errand, pilot: Pilot<Result<(), Error>>) {
        let outcome = transaction::run(&self, errand).await;
        if let Err(error) = &outcome {
            self.note_failure(error);
        }
        pilot.land(outcome);
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.flight.under_way().is_some()
    }

    /// Waits for the flight under way.
    pub(crate) async fn landed(&self) {
        if let Some(passenger) = self.flight.under_way() {
            passenger.await;
        }
    }

    /// An API refused this token. A late refusal of an older generation changes nothing.
    pub(crate) fn refuse(&self, token: &Token) {
        let held = self.held.load();
        if held.token().generation() == token.generation() && held.token().access().same_as(token.access()) {
            held.refuse();
        }
    }

    /// The vendor killed this token, or the grant was logged out.
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
        let token = held.token();
        let never_lived = token.validity().expires_at() == Timestamp::MIN;
        let placeholder = never_lived && token.refresh().is_none();
        (!placeholder).then(|| token.clone())
    }

    /// Whether this token, which may be the one in hand, is expired.
    pub(crate) fn is_expired(&self, token: &Token) -> bool {
        token
            .validity()
            .at(self.clock.now().seen_from(self.held.load().anchor()))
            == Freshness::Expired
    }

    /// What a caller would get if no flight were under way.
    pub(crate) fn decide_alone(&self) -> Decision {
        let held = self.held.load();
        decide::decide(&state(&held, self.held_off(&held)), &self.clock.now())
    }

    /// How long until something is to be done without being asked: a refresh that is due, or one that was held off.
    pub(crate) fn until_due(&self) -> Duration {
        let held = self.held.load();
        let now = self.clock.now();
        let due_in = held.validity().refresh_at().since(now.seen_from(held.anchor()));
        match self.held_off(&held) {
            Outlook::HeldOff { until } => due_in.max(until.saturating_sub(now.elapsed)),
            _ => due_in,
        }
    }

    /// Whether nothing is to be expected of the token in hand any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.verdict().is_some() || self.held.load().standing() == Standing::Killed
    }

    /// A tombstone was met: the token is not served any more.
    pub(crate) fn logged_out(&self) -> Error {
        self.held.load().kill();
        Error::new(ErrorKind::Rejected, "the grant was logged out")
    }

    /// The vendor said with this error that it killed the token too.
    pub(crate) fn note_kill(&self, error: &Error, token: &Token) {
        if error.kills_live_token() {
            self.kill(token);
        }
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

    /// Puts a token in everybody's hands, and tells of it before those who waited go on.
    pub(crate) fn publish(&self, token: Token, anchor: Moment, origin: Origin) {
        self.take_over(token, anchor, origin);
        self.published.notify_waiters();
    }

    fn take_over(&self, token: Token, anchor: Moment, origin: Origin) {
        let before = self.held.load_full();
        let unchanged = token.same_secrets_as(before.token());
        let jitter = self.attempts.entropy().number();
        let validity = token.validity().with_windows(&self.settings.windows, jitter);
        let token = token.with_validity(validity);
        let event = Event::Refreshed {
            generation: token.generation(),
            expires_at: validity.expires_at(),
            origin,
        };
        self.held.store(Arc::new(Held::following(&before, token, anchor)));
        let in_vain = match origin {
            Origin::Store | Origin::Redemption => None,
            _ if unchanged => Some("the vendor answered with the same token"),
            _ => self
                .live()
                .is_none()
                .then_some("the token was over before it arrived"),
        };
        let Some(what) = in_vain else {
            self.failures.clear();
            return self.tell(event);
        };
        // No gain, so the next exchange is held off; but the grant lives.
        self.failures.overrule();
        self.note_failure(&Error::new(IN_VAIN, what));
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
        // Nobody has to listen.
        _ = self.events.send(event);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The verdict that stands against this generation.
    pub(crate) fn verdict(&self) -> Option<Error> {
        self.failures.verdict()
    }

    fn held_off(&self, held: &Held) -> Outlook {
        let after_failure = self.failures.until();
        let after_refusals = match held.standing() {
            Standing::Refused => self.pause_after_refusals(held),
            _ => None,
        };
        match after_failure.max(after_refusals) {
            Some(until) => Outlook::HeldOff { until },
            None => Outlook::Clear,
        }
    }

    /// The first refusal by an API is acted on at once. Where the token that followed is refused too, another one is not the cure.
    fn pause_after_refusals(&self, held: &Held) -> Option<Duration> {
        let earlier = held.refusals_before();
        let refused = Error::new(IN_VAIN, "an API refuses token after token");
        (earlier > 0)
            .then(|| self.settings.backoff.pause(earlier, &refused, u32::MAX))
            .map(|pause| held.anchor().elapsed.saturating_add(pause))
    }

    fn note_failure(&self, error: &Error) {
        let drawn = self.attempts.entropy().number();
        let now = self.clock.now().elapsed;
        let event = self.failures.note(error, &self.settings.backoff, drawn, now);
        event.into_iter().for_each(|event| self.tell(event));
    }

    pub(crate) fn last_error(&self) -> Error {
        self.failures.last().unwrap_or_else(no_token)
    }
}

const IN_VAIN: ErrorKind = ErrorKind::Transient { after: None };

fn state(held: &Held, outlook: Outlook) -> State<'_> {
    State {
        validity: held.validity(),
        anchor: held.anchor(),
        standing: held.standing(),
        outlook,
    }
}

fn no_token() -> Error {
    Error::new(ErrorKind::Transient { after: None }, "there is no live token")
}

/// Timers and tasks need one: without it they panic.
pub(crate) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| {
        Error::new(
            ErrorKind::Config,
            "a token must be asked for inside a tokio runtime",
        )
    })
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("key", &self.key)
            .field("held", &self.held.load().token())
            .finish_non_exhaustive()
    }
}
