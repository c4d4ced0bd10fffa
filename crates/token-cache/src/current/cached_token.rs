//! The cached token, and the guard that callers get.

mod last_use;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::Guard;
use token_core::{ClockReading, Freshness, Timestamp, Token, Validity};

use self::last_use::LastUse;
use super::decide::Status;
use crate::clock::millis;

/// A token, with what has happened to it since it was obtained. Before the first one, it is a
/// placeholder that expired at the beginning of time.
#[derive(Debug)]
pub(crate) struct CachedToken {
    token: Token,
    anchor: ClockReading,
    status: AtomicU8,
    /// Whether an exchange brought it; one from the store may be as old as the rejected one.
    exchanged: bool,
    /// How many exchanges in a row were made because an API rejected the token before.
    rejections: AtomicU32,
    /// Rejections before this elapsed time, in milliseconds, are not the token's fault; zero if
    /// there was none.
    trusted_until: AtomicU64,
    /// No exchange of our own accord before this elapsed time: the vendor just repeated the token.
    not_before: Option<Duration>,
    /// A caller asked for a token newer than this one.
    superseded: AtomicBool,
    /// The vendor refused its refresh token, which is not sent again while there is another way.
    refresh_refused: AtomicBool,
    last_use: LastUse,
}

const VALID: u8 = 0;
const REJECTED: u8 = 1;
const REVOKED: u8 = 2;

/// For this long after an exchange another one does not help: if the token is rejected, it is not
/// at fault, and the vendor gives no longer life.
const NEWLY_EXCHANGED: Duration = Duration::from_secs(60);

/// What an API's rejection of a token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The token is not handed out until an exchange has answered.
    Noted,
    /// It says nothing new.
    Ignored,
    /// The token is not at fault; this is the number of such rejections in a row.
    NotAtFault(u32),
}

/// How long the cached token lives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Life {
    /// Whether it is neither expired nor rejected nor revoked.
    pub(crate) usable: bool,
    /// What is left of its life; zero if it is not usable.
    pub(crate) left: Duration,
    /// Its whole life; zero if there never was an access token.
    pub(crate) total: Duration,
}

impl CachedToken {
    /// Returns a token that was obtained at `anchor`.
    pub(crate) fn new(token: Token, anchor: ClockReading) -> Self {
        Self {
            token,
            anchor,
            status: AtomicU8::new(VALID),
            exchanged: false,
            rejections: AtomicU32::new(0),
            trusted_until: AtomicU64::new(0),
            not_before: None,
            superseded: AtomicBool::new(false),
            refresh_refused: AtomicBool::new(false),
            last_use: LastUse::default(),
        }
    }

    /// Returns a token that follows `before`, by an exchange or from the store.
    pub(crate) fn following(
        before: &Self,
        token: Token,
        anchor: ClockReading,
        exchanged: bool,
    ) -> Self {
        let was_rejected = before.status() == Status::Rejected;
        let rejections = before.rejections();
        let last_use = match token.access().same_as(before.token.access()) {
            true => before.last_use.clone(),
            false => LastUse::default(),
        };
        Self {
            last_use,
            exchanged,
            rejections: AtomicU32::new(match (was_rejected, exchanged) {
                (true, true) => rejections.saturating_add(1),
                (true, false) => rejections,
                (false, _) => 0,
            }),
            ..Self::new(token, anchor)
        }
    }

    /// Returns the same, with no exchange before this elapsed time: the vendor repeated the token.
    pub(crate) fn not_exchanged_before(self, elapsed: Duration) -> Self {
        Self {
            not_before: Some(elapsed),
            ..self
        }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the validity, which each use of a sliding session moves.
    pub(crate) fn validity(&self) -> Validity {
        self.last_use
            .prolonged(*self.token.validity(), &self.anchor)
    }

    /// Notes that an API accepted it. Returns whether that prolonged it.
    pub(crate) fn note_use(&self, now: &ClockReading) -> bool {
        self.token.validity().idle().is_some() && self.last_use.note(now)
    }

    pub(crate) fn anchor(&self) -> &ClockReading {
        &self.anchor
    }

    pub(crate) fn not_before(&self) -> Option<Duration> {
        self.not_before
    }

    /// All that a caller of a fresh token waits for.
    pub(crate) fn is_fresh(&self, now: &ClockReading) -> bool {
        self.status.load(Ordering::Relaxed) == VALID
            && !self.superseded.load(Ordering::Relaxed)
            && self.validity().at(now.effective_now(&self.anchor)) == Freshness::Fresh
    }

    pub(crate) fn life(&self, now: &ClockReading) -> Life {
        let left = self
            .validity()
            .expires_at()
            .since(now.effective_now(&self.anchor));
        let usable = self.status() == Status::Valid && !left.is_zero();
        Life {
            usable,
            left: if usable { left } else { Duration::ZERO },
            total: if self.has_access_token() {
                self.whole_life()
            } else {
                Duration::ZERO
            },
        }
    }

    fn whole_life(&self) -> Duration {
        self.validity()
            .expires_at()
            .since(self.validity().issued_at())
    }

    /// Whether there ever was an access token: it may be known by its refresh token alone.
    pub(crate) fn has_access_token(&self) -> bool {
        self.validity().expires_at() != Timestamp::MIN
    }

    /// Whether it stands where no token is.
    pub(crate) fn is_placeholder(&self) -> bool {
        !self.has_access_token() && self.token.refresh().is_none()
    }

    /// Whether this is the very token that is cached.
    pub(crate) fn is(&self, token: &Token) -> bool {
        self.token.generation() == token.generation() && self.token.access().same_as(token.access())
    }

    pub(crate) fn status(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            VALID => Status::Valid,
            REJECTED => Status::Rejected,
            _ => Status::Revoked,
        }
    }

    /// Whether an exchange brought it just now.
    pub(crate) fn is_newly_exchanged(&self, now: &ClockReading) -> bool {
        let age = now.elapsed.saturating_sub(self.anchor.elapsed);
        self.exchanged && age < NEWLY_EXCHANGED.min(self.whole_life() / 2)
    }

    /// How many exchanges in a row were made because an API rejected the token before.
    pub(crate) fn rejections(&self) -> u32 {
        self.rejections.load(Ordering::Acquire)
    }

    /// Notes that an API rejected it.
    pub(crate) fn reject(&self, now: &ClockReading) -> Rejection {
        let trusted_until = self.trusted_until.load(Ordering::Acquire);
        if self.status() != Status::Valid || millis(now.elapsed) < trusted_until {
            return Rejection::Ignored;
        }
        let rejections = self.rejections();
        if rejections > 0 && trusted_until == 0 && self.is_newly_exchanged(now) {
            return Rejection::NotAtFault(rejections);
        }
        self.status.fetch_max(REJECTED, Ordering::AcqRel);
        Rejection::Noted
    }

    /// Rejections are not its fault until this elapsed time. Returns false if that was noted before:
    /// many callers may reject it at once.
    pub(crate) fn trust_until(&self, elapsed: Duration) -> bool {
        let until = millis(elapsed).max(1);
        self.trusted_until
            .compare_exchange(0, until, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Notes that the vendor revoked it.
    pub(crate) fn revoke(&self) {
        self.status.fetch_max(REVOKED, Ordering::AcqRel);
    }

    /// Notes that a caller asked for a newer token than this one.
    pub(crate) fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.superseded.load(Ordering::Acquire)
    }

    /// Notes that the vendor refused its refresh token, or that this was wrong.
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
pub struct TokenGuard(Guard<Arc<CachedToken>>);

impl TokenGuard {
    /// Returns a guard that may be held across a long wait, for the price of one shared reference
    /// count.
    pub(crate) fn detached(self) -> Self {
        Self(Guard::from_inner(Guard::into_inner(self.0)))
    }

    pub(crate) fn detached_clone(&self) -> Self {
        Self(Guard::from_inner(Arc::clone(&self.0)))
    }

    pub(crate) fn new(cached: Guard<Arc<CachedToken>>) -> Self {
        Self(cached)
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
