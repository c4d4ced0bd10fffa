//! The cached token, with what is known about it.

mod anchor;
mod grant_end;
mod last_use;
mod marks;
mod notes;

use std::time::Duration;

use token_core::{Clock as _, ClockReading, Freshness, Timestamp, Token, Validity};

use self::anchor::ElapsedMillis;
use self::marks::{Mark, Marks};
pub(crate) use self::notes::Rejection;
use self::notes::{Noted, Notes};
use super::decide::Status;
use crate::clock::coarse::{CoarseReading, CoarseSpan};
use crate::clock::{CacheClock, millis};

/// A token, with what has happened to it since it was obtained. Before the first one, it is a
/// placeholder that expired at the beginning of time. It is small, because there may be a million.
/// What tells that it is fresh stands beside the reference count: it is read with it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct CachedToken {
    marks: Marks,
    elapsed: ElapsedMillis,
    notes: Notes,
    /// When it was obtained.
    wall: Timestamp,
    token: Token,
}

/// For this long after an exchange another one does not help: if the token is rejected, it is not
/// at fault, and the vendor gives no longer life.
const NEWLY_EXCHANGED: Duration = Duration::from_secs(60);

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
        let slides = token.validity().idle().is_some();
        let mut cached = Self {
            token,
            wall: anchor.wall,
            elapsed: ElapsedMillis::of(anchor.elapsed),
            marks: Marks::default(),
            notes: Notes::None(CoarseSpan::EMPTY),
        };
        if slides {
            cached.notes.note(|_| ());
        }
        cached
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
        let rejections = match (before.status(), exchanged) {
            (Status::Rejected, true) => before.rejections().saturating_add(1),
            (Status::Rejected, false) => before.rejections(),
            _ => 0,
        };
        let is_same = token.access().same_as(before.token.access());
        let last_use = before
            .notes
            .get()
            .filter(|_| is_same)
            .map(|noted| &noted.last_use);
        let mut next = Self::new(token, anchor);
        if exchanged {
            next.marks.set(Mark::Exchanged);
        }
        next.carry_grant_end(before);
        if rejections > 0 {
            next.notes.note(|noted| noted.rejections = rejections);
        }
        if let Some(last_use) = last_use
            && next.notes.get().is_some()
        {
            next.notes.note(|noted| noted.last_use = last_use.clone());
        }
        next
    }

    /// Sets that there is no exchange before this elapsed time: the vendor repeated the token.
    pub(crate) fn set_not_before(&mut self, elapsed: Duration) {
        self.notes.note(|noted| noted.not_before = Some(elapsed));
    }

    /// Sets that rejections are not its fault until this elapsed time.
    pub(crate) fn set_trusted_until(&mut self, elapsed: Duration) {
        self.notes.note(|noted| _ = noted.trust_until(elapsed));
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the validity, which each use of a sliding session moves.
    // Inlined, so that only those of its instants are unpacked that the caller reads.
    #[inline]
    pub(crate) fn validity(&self) -> Validity {
        let validity = self.token.validity();
        match self.notes.get() {
            Some(noted) => noted.last_use.prolonged(validity, &self.anchor()),
            None => validity,
        }
    }

    /// Notes that an API accepted it. Returns whether that prolonged it.
    pub(crate) fn note_use(&self, now: &ClockReading) -> bool {
        let Some(noted) = self.notes.get() else {
            return false;
        };
        self.token.validity().idle().is_some() && noted.last_use.note(now)
    }

    /// Returns when it was obtained.
    pub(crate) fn anchor(&self) -> ClockReading {
        ClockReading {
            wall: self.wall,
            elapsed: self.elapsed.elapsed(),
        }
    }

    pub(crate) fn not_before(&self) -> Option<Duration> {
        self.notes.get()?.not_before
    }

    /// Sets the span in which it is fresh by the cheaper clocks. They are read first: what passes
    /// until the precise ones are read shortens the span.
    pub(crate) fn set_fresh_span(&mut self, coarse: Option<CoarseReading>, now: &ClockReading) {
        if let Some(coarse) = coarse {
            let span = self.fresh_span(coarse, now);
            self.notes.set_fresh_during(span);
        }
    }

    fn fresh_span(&self, coarse: CoarseReading, now: &ClockReading) -> CoarseSpan {
        let now = now.effective_now(&self.anchor());
        CoarseSpan::starting(coarse, self.validity().refresh_at().since(now))
    }

    /// All that a caller of a fresh token waits for.
    pub(crate) fn is_fresh(&self, clock: &CacheClock) -> bool {
        self.marks.are_good() && (self.is_certainly_fresh(clock) || self.is_fresh_by(clock))
    }

    fn is_certainly_fresh(&self, clock: &CacheClock) -> bool {
        let coarse = clock.coarse();
        coarse.is_some_and(|coarse| self.notes.fresh_during().contains(coarse))
    }

    /// The precise answer, which counts suspend and steps of the wall clock. Inlined, it
    /// would slow down the other.
    #[inline(never)]
    fn is_fresh_by(&self, clock: &CacheClock) -> bool {
        let now = clock.now().effective_now(&self.anchor());
        self.validity().at(now) == Freshness::Fresh
    }

    pub(crate) fn life(&self, now: &ClockReading) -> Life {
        let left = self
            .validity()
            .expires_at()
            .since(now.effective_now(&self.anchor()));
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
        match (
            self.marks.has(Mark::Revoked),
            self.marks.has(Mark::Rejected),
        ) {
            (true, _) => Status::Revoked,
            (false, true) => Status::Rejected,
            (false, false) => Status::Valid,
        }
    }

    /// Whether an exchange brought it just now.
    pub(crate) fn is_newly_exchanged(&self, now: &ClockReading) -> bool {
        let age = now.elapsed.saturating_sub(self.elapsed.elapsed());
        self.marks.has(Mark::Exchanged) && age < NEWLY_EXCHANGED.min(self.whole_life() / 2)
    }

    /// How many exchanges in a row were made because an API rejected the token before.
    pub(crate) fn rejections(&self) -> u32 {
        self.notes.get().map_or(0, |noted| noted.rejections)
    }

    /// Notes that an API rejected it.
    pub(crate) fn reject(&self, now: &ClockReading) -> Rejection {
        let trusted_until = self.notes.get().map_or(0, Noted::trusted_until);
        if self.status() != Status::Valid || millis(now.elapsed) < trusted_until {
            return Rejection::Ignored;
        }
        let rejections = self.rejections();
        if rejections > 0 && trusted_until == 0 && self.is_newly_exchanged(now) {
            return Rejection::NotAtFault(rejections);
        }
        self.marks.set(Mark::Rejected);
        Rejection::Noted
    }

    /// Rejections are not its fault until this elapsed time. Returns false if that was noted
    /// before: many callers may reject it at once. There is a note of what came before that.
    pub(crate) fn trust_until(&self, elapsed: Duration) -> bool {
        let noted = self.notes.get();
        noted.is_some_and(|noted| noted.trust_until(elapsed))
    }

    /// Notes that the vendor revoked it.
    pub(crate) fn revoke(&self) {
        self.marks.set(Mark::Revoked);
    }

    /// Notes that a caller asked for a newer token than this one.
    pub(crate) fn supersede(&self) {
        self.marks.set(Mark::Superseded);
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.marks.has(Mark::Superseded)
    }

    /// Notes that the vendor refused its refresh token, or that this was wrong.
    pub(crate) fn set_refresh_refused(&self, refused: bool) {
        match refused {
            true => self.marks.set(Mark::RefreshRefused),
            false => self.marks.clear(Mark::RefreshRefused),
        }
    }

    pub(crate) fn is_refresh_refused(&self) -> bool {
        self.marks.has(Mark::RefreshRefused)
    }
}

#[cfg(test)]
mod tests;
