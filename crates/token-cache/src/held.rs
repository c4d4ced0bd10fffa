//! The token in hand, and the guard that callers get.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::Guard;
use token_core::{ClockReading, Freshness, Timestamp, Token, Validity};

use crate::clock::millis;
use crate::decide::Standing;

/// A token as the engine holds it. Before the first one, it is a placeholder that expired at the
/// beginning of time.
#[derive(Debug)]
pub(crate) struct Held {
    token: Token,
    anchor: ClockReading,
    standing: AtomicU8,
    /// Whether it cost an exchange; one from the store may be as old as the one that was refused.
    exchanged: bool,
    /// How many exchanges in a row were made because an API refused the token before.
    refusals: AtomicU32,
    /// Refusals before this elapsed time, in milliseconds, are not the token's fault; zero if none
    /// was.
    trusted_until: AtomicU64,
    /// No exchange of our own accord before this elapsed time: the vendor just repeated the token.
    not_before: Option<Duration>,
    /// Somebody asked for another token by name of this one.
    superseded: AtomicBool,
    /// The vendor refused its refresh token: it is not sent again while there is another way.
    refresh_refused: AtomicBool,
}

const GOOD: u8 = 0;
const REFUSED: u8 = 1;
const KILLED: u8 = 2;

/// Within this time after an exchange, another one is not the cure: for a refusal the token is not
/// at fault, and a longer life the vendor does not give.
const NEWLY_EXCHANGED: Duration = Duration::from_secs(60);

/// What an API's refusal of a token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token is not handed out until an exchange has answered.
    Acted,
    /// It says nothing new.
    Ignored,
    /// The token is not at fault; this is the number of such refusals in a row.
    NotAtFault(u32),
}

impl Held {
    /// A token that was got at `anchor`.
    pub(crate) fn new(token: Token, anchor: ClockReading) -> Self {
        Self {
            token,
            anchor,
            standing: AtomicU8::new(GOOD),
            exchanged: false,
            refusals: AtomicU32::new(0),
            trusted_until: AtomicU64::new(0),
            not_before: None,
            superseded: AtomicBool::new(false),
            refresh_refused: AtomicBool::new(false),
        }
    }

    /// A token that follows `before`, by an exchange or from the store.
    pub(crate) fn following(
        before: &Held,
        token: Token,
        anchor: ClockReading,
        exchanged: bool,
    ) -> Self {
        let was_refused = before.standing() == Standing::Refused;
        let refusals = before.refusals.load(Ordering::Acquire);
        Self {
            exchanged,
            refusals: AtomicU32::new(match (was_refused, exchanged) {
                (true, true) => refusals.saturating_add(1),
                (true, false) => refusals,
                (false, _) => 0,
            }),
            ..Self::new(token, anchor)
        }
    }

    /// The same, held against further exchanges until this elapsed time: the vendor repeated the
    /// token.
    pub(crate) fn not_exchanged_before(self, elapsed: Duration) -> Self {
        Self {
            not_before: Some(elapsed),
            ..self
        }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    pub(crate) fn validity(&self) -> &Validity {
        self.token.validity()
    }

    pub(crate) fn anchor(&self) -> &ClockReading {
        &self.anchor
    }

    pub(crate) fn not_before(&self) -> Option<Duration> {
        self.not_before
    }

    /// The whole way of a fresh token to its caller.
    pub(crate) fn is_fresh(&self, now: &ClockReading) -> bool {
        self.standing.load(Ordering::Relaxed) == GOOD
            && !self.superseded.load(Ordering::Relaxed)
            && self.token.validity().at(now.effective_now(&self.anchor)) == Freshness::Fresh
    }

    /// Whether it is known by its refresh token alone, or not at all.
    pub(crate) fn never_lived(&self) -> bool {
        self.validity().expires_at() == Timestamp::MIN
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Acquire) {
            GOOD => Standing::Good,
            REFUSED => Standing::Refused,
            _ => Standing::Killed,
        }
    }

    /// Whether an exchange brought it just now.
    pub(crate) fn is_newly_exchanged(&self, now: &ClockReading) -> bool {
        let validity = self.token.validity();
        let half_its_life = validity.expires_at().since(validity.issued_at()) / 2;
        let age = now.elapsed.saturating_sub(self.anchor.elapsed);
        self.exchanged && age < NEWLY_EXCHANGED.min(half_its_life)
    }

    /// How many exchanges in a row were made because an API refused the token before.
    pub(crate) fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Acquire)
    }

    /// An API refused it.
    pub(crate) fn refuse(&self, now: &ClockReading) -> Refusal {
        let trusted_until = self.trusted_until.load(Ordering::Acquire);
        if self.standing() != Standing::Good || millis(now.elapsed) < trusted_until {
            return Refusal::Ignored;
        }
        let refusals = self.refusals();
        if refusals > 0 && trusted_until == 0 && self.is_newly_exchanged(now) {
            return Refusal::NotAtFault(refusals);
        }
        self.standing.fetch_max(REFUSED, Ordering::AcqRel);
        Refusal::Acted
    }

    /// Refusals are not its fault until this elapsed time.
    pub(crate) fn trust_until(&self, elapsed: Duration) {
        self.trusted_until
            .store(millis(elapsed).max(1), Ordering::Release);
    }

    /// The vendor killed it.
    pub(crate) fn kill(&self) {
        self.standing.fetch_max(KILLED, Ordering::AcqRel);
    }

    /// Another token was asked for by name of this one.
    pub(crate) fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.superseded.load(Ordering::Acquire)
    }

    /// The vendor refused its refresh token, or somebody says that this was wrong.
    pub(crate) fn set_refresh_refused(&self, refused: bool) {
        self.refresh_refused.store(refused, Ordering::Release);
    }

    pub(crate) fn is_refresh_refused(&self) -> bool {
        self.refresh_refused.load(Ordering::Acquire)
    }
}

/// A token to use now. It reads like a [`Token`].
///
/// Getting one allocates nothing and shares no reference count between threads. It is meant to be
/// held for as long as one API call takes; for longer, clone the token out of it:
/// `(*guard).clone()`.
pub struct TokenGuard(Guard<Arc<Held>>);

impl TokenGuard {
    pub(crate) fn new(held: Guard<Arc<Held>>) -> Self {
        Self(held)
    }
}

impl Deref for TokenGuard {
    type Target = Token;

    fn deref(&self) -> &Token {
        self.0.token()
    }
}

impl fmt::Debug for TokenGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenGuard({:?})", &**self)
    }
}
