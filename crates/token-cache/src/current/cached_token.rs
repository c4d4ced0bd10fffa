//! The cached token, with what is known about it.

mod last_use;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use token_core::{Clock as _, ClockReading, Freshness, Timestamp, Token, Validity};

use self::last_use::LastUse;
use super::decide::Status;
use crate::clock::coarse::{CoarseReading, CoarseSpan};
use crate::clock::{CacheClock, millis};

/// A token, with what has happened to it since it was obtained. Before the first one, it is a
/// placeholder that expired at the beginning of time.
#[derive(Debug)]
pub(crate) struct CachedToken {
    token: Token,
    anchor: ClockReading,
    /// While it is certainly fresh, unless something was noted about it.
    fresh_during: CoarseSpan,
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
            fresh_during: CoarseSpan::EMPTY,
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

    /// Returns what stands where no token is.
    pub(crate) fn placeholder(anchor: ClockReading) -> Self {
        Self::new(Token::unknown(), anchor)
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
        self.last_use.prolonged(self.token.validity(), &self.anchor)
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

    /// Returns the same, with the span in which it is fresh by the cheaper clocks. They are read
    /// first: what passes until the precise ones are read shortens the span.
    pub(crate) fn timed_by(self, clock: &CacheClock) -> Self {
        let Some(coarse) = clock.coarse() else {
            return self;
        };
        let fresh_during = self.fresh_span(coarse, &clock.now());
        Self {
            fresh_during,
            ..self
        }
    }

    fn fresh_span(&self, coarse: CoarseReading, now: &ClockReading) -> CoarseSpan {
        let now = now.effective_now(&self.anchor);
        CoarseSpan::starting(coarse, self.validity().refresh_at().since(now))
    }

    /// All that a caller of a fresh token waits for.
    pub(crate) fn is_fresh(&self, clock: &CacheClock) -> bool {
        let nothing_against_it = self.status.load(Ordering::Relaxed) == VALID
            && !self.superseded.load(Ordering::Relaxed);
        nothing_against_it && (self.is_certainly_fresh(clock) || self.is_fresh_at(&clock.now()))
    }

    fn is_certainly_fresh(&self, clock: &CacheClock) -> bool {
        let coarse = clock.coarse();
        coarse.is_some_and(|coarse| self.fresh_during.contains(coarse))
    }

    /// The precise answer, which counts suspend and steps of the wall clock.
    fn is_fresh_at(&self, now: &ClockReading) -> bool {
        self.validity().at(now.effective_now(&self.anchor)) == Freshness::Fresh
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

#[cfg(test)]
mod tests;
