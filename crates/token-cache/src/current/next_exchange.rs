//! What the failures mean for the next exchange: when it may start, and what kind it is.

use std::time::Duration;

use token_core::{ClockReading, Error, ErrorKind, Reason, Step};

use super::Current;
use super::cached_token::CachedToken;
use super::decide::{RefreshState, Status};
use super::failures::Failures;

impl Current {
    pub(super) fn backing_off(&self, cached: &CachedToken, now: &ClockReading) -> RefreshState {
        match paused_until(cached, Some(&self.failures), now) {
            Some(until) => RefreshState::BackingOff { until },
            None => RefreshState::Idle,
        }
    }

    /// Returns how long until the next exchange may start; zero if it may start now.
    pub(crate) fn pause_left(&self) -> Duration {
        self.pause_left_at(&self.cached.load(), &self.now())
    }

    fn pause_left_at(&self, cached: &CachedToken, now: &ClockReading) -> Duration {
        match self.backing_off(cached, now) {
            RefreshState::BackingOff { until } => until.saturating_sub(now.elapsed),
            _ => Duration::ZERO,
        }
    }

    /// Returns how long after this reading a refresh is due, or may be tried again.
    pub(crate) fn until_due(&self, now: &ClockReading) -> Duration {
        let cached = self.cached.load();
        let effective_now = now.effective_now(&cached.anchor());
        let due_in = cached.validity().refresh_at().since(effective_now);
        due_in.max(self.pause_left_at(&cached, now))
    }

    /// Returns the last failure, with what is left of the pause after it.
    pub(crate) fn failure(&self) -> Option<Error> {
        let error = self.failures.last()?;
        let left = self.pause_left();
        Some(match left.is_zero() {
            true => error,
            false => error.with_retry_after(left),
        })
    }

    /// Returns the error of a caller for whom there is no token.
    pub(crate) fn no_token(&self) -> Error {
        self.failure().unwrap_or_else(|| self.not_live())
    }

    pub(crate) fn not_live(&self) -> Error {
        let error = Error::new(
            ErrorKind::Transient { after: None },
            "there is no live token",
        );
        error.with_key(self.key())
    }

    /// Whether a caller with this much time left should wait for the next exchange.
    pub(crate) fn is_worth_waiting(&self, pause: Duration, time_left: Duration) -> bool {
        pause <= time_left && self.failures.is_worth_waiting()
    }

    /// Returns the refusal of the grant that stands.
    pub(crate) fn refusal(&self) -> Option<Error> {
        self.failures.refusal()
    }

    /// Whether that one is known from the store alone: this process has not asked the vendor.
    pub(crate) fn is_refusal_told(&self) -> bool {
        self.failures.is_refusal_told()
    }

    pub(crate) fn forget_refusal(&self) {
        self.cached.load().set_refresh_refused(false);
        self.failures.forget_refusal();
    }

    /// Why an exchange that begins now is made.
    pub(crate) fn reason(&self) -> Reason {
        let cached = self.cached.load();
        match cached.status() {
            Status::Rejected => Reason::Refused,
            _ if !cached.has_access_token() => Reason::First,
            _ if cached.is_superseded() => Reason::Requested,
            _ => Reason::Due,
        }
    }

    /// Whether the repeatable login takes the place of the next refresh.
    pub(crate) fn calls_for_login(&self) -> bool {
        let is_refused = self.cached.load().is_refresh_refused();
        let is_usable = || self.life().usable;
        (is_refused || self.failures.calls_for_login(is_usable)) && self.has_login()
    }

    /// Whether the refresh token may have been spent when an exchange ended with this error. A
    /// login can be sent again; and an earlier doubt ends only when the vendor refuses the refresh
    /// token.
    pub(crate) fn leaves_doubt(&self, error: &Error) -> bool {
        let is_login = error.step() == Some(Step::Login);
        let is_refused = error.kind() == ErrorKind::Rejected && !is_login;
        let is_over = is_refused || self.cached.load().is_refresh_refused();
        let is_in_doubt = error.kind() == ErrorKind::InDoubt && !is_login;
        is_in_doubt || (self.failures.is_in_doubt() && !is_over)
    }
}

/// Returns the elapsed time before which no exchange starts, if there is such a pause.
pub(super) fn paused_until(
    cached: &CachedToken,
    failures: Option<&Failures>,
    now: &ClockReading,
) -> Option<Duration> {
    let failures = failures.filter(|failures| !failures.is_empty());
    let not_before = cached.not_before();
    if failures.is_none() && not_before.is_none() {
        return None;
    }
    let life = cached.life(now);
    let after_failure = failures.and_then(|failures| failures.until(&life, now.elapsed));
    let after_repetition = not_before.filter(|_| life.usable);
    let until = after_failure.max(after_repetition);
    until.filter(|until| *until > now.elapsed)
}
