//! What a caller can expect: the token in hand, a flight, or a failure and the pause after it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use token_core::{ClockReading, Error, ErrorKind, Step};

use super::Engine;
use crate::clock::millis;
use crate::decide::{self, Decision, Outlook, Standing, State};
use crate::events::Event;
use crate::failures::{Failed, InHand};
use crate::held::Held;

impl Engine {
    pub(crate) fn decide(&self) -> Decision {
        let (held, now) = (self.held.load(), self.clock.now());
        let outlook = match self.is_flying() {
            true if self.resting.load(Ordering::Acquire) => Outlook::InDoubt,
            true => Outlook::InFlight,
            false => self.held_off(&held, &now),
        };
        decide::decide(&self.state(&held, outlook), &now)
    }

    /// What a caller would get if no flight were under way.
    pub(crate) fn decide_alone(&self) -> Decision {
        let (held, now) = (self.held.load(), self.clock.now());
        decide::decide(&self.state(&held, self.held_off(&held, &now)), &now)
    }

    pub(super) fn state<'a>(&self, held: &'a Held, outlook: Outlook) -> State<'a> {
        State {
            validity: held.validity(),
            anchor: held.anchor(),
            standing: held.standing(),
            outlook,
            exchange_ends_it: self.endpoint.exchange_ends_old_token(),
            superseded: held.is_superseded(),
        }
    }

    /// Whether an exchange has just shown that the vendor's tokens do not live for so long.
    pub(crate) fn never_lives_for(&self, span: Duration) -> bool {
        let (held, now) = (self.held.load(), self.clock.now());
        held.is_newly_exchanged(&now) && in_hand(&held, &now).life < span
    }

    /// What a pause has to know of the token in hand.
    pub(crate) fn in_hand(&self) -> InHand {
        in_hand(&self.held.load(), &self.clock.now())
    }

    fn held_off(&self, held: &Held, now: &ClockReading) -> Outlook {
        let hand = in_hand(held, now);
        let after_failure = self.failures.until(&hand, now.elapsed);
        let after_repetition = held.not_before().filter(|_| hand.usable);
        match after_failure.max(after_repetition) {
            Some(until) if until > now.elapsed => Outlook::HeldOff { until },
            _ => Outlook::Clear,
        }
    }

    /// How long until the next exchange may be made; zero if it may be made now.
    pub(crate) fn pause_left(&self) -> Duration {
        let (held, now) = (self.held.load(), self.clock.now());
        match self.held_off(&held, &now) {
            Outlook::HeldOff { until } => until.saturating_sub(now.elapsed),
            _ => Duration::ZERO,
        }
    }

    /// How long until something is to be done without being asked: a refresh that is due, or one
    /// that was held off.
    pub(crate) fn until_due(&self) -> Duration {
        let held = self.held.load();
        let now = self.clock.now();
        let due_in = held
            .validity()
            .refresh_at()
            .since(now.effective_now(held.anchor()));
        due_in.max(self.pause_left())
    }

    /// The last failure, with what is left of the pause after it.
    pub(crate) fn failure(&self) -> Option<Error> {
        let error = self.failures.last()?;
        let left = self.pause_left();
        Some(match left.is_zero() {
            true => error,
            false => error.with_retry_after(left),
        })
    }

    pub(crate) fn last_error(&self) -> Error {
        self.failure()
            .unwrap_or_else(|| no_token().with_key(&self.key))
    }

    /// Whether a caller that has so much time should wait for the next exchange.
    pub(crate) fn is_worth_waiting(&self, pause: Duration, time_left: Duration) -> bool {
        pause <= time_left && self.failures.may_pass()
    }

    /// Whether the refresh token may have been spent when an exchange has ended so. What a login
    /// sends can be sent again; and a doubt of before ends only when the vendor refuses the refresh
    /// token.
    pub(crate) fn leaves_doubt(&self, error: &Error) -> bool {
        let is_of_login = error.step() == Some(Step::Login);
        let is_refused = error.kind() == ErrorKind::Rejected && !is_of_login;
        let is_over = is_refused || self.held.load().is_refresh_refused();
        (error.kind() == ErrorKind::InDoubt && !is_of_login)
            || (self.failures.is_in_doubt() && !is_over)
    }

    /// From here on the refresh token in hand may be spent.
    pub(crate) fn begins_to_spend(&self, spends: bool) {
        let now = millis(self.clock.now().elapsed);
        self.spends_since.store(now, Ordering::Release);
        self.spending.store(spends, Ordering::Release);
    }

    pub(crate) fn note_failure(&self, error: &Error) {
        let events = self.note(error, false);
        events.into_iter().for_each(|event| self.tell(event));
    }

    /// Returns what is to be told of it.
    pub(super) fn note(&self, error: &Error, over_on_arrival: bool) -> Vec<Event> {
        let failed = Failed {
            error: &error.clone().with_key(&self.key),
            rotation: self.endpoint.rotation(),
            hand: self.in_hand(),
            now: self.clock.now().elapsed,
            sent: Duration::from_millis(self.spends_since.load(Ordering::Acquire)),
            drawn: self.attempts.entropy().number(),
            over_on_arrival,
        };
        self.failures.note(&failed, &self.settings.backoff)
    }
}

pub(super) fn in_hand(held: &Held, now: &ClockReading) -> InHand {
    let validity = held.validity();
    let left = validity
        .expires_at()
        .since(now.effective_now(held.anchor()));
    let usable = held.standing() == Standing::Good && !left.is_zero();
    InHand {
        usable,
        left: if usable { left } else { Duration::ZERO },
        life: if held.never_lived() {
            Duration::ZERO
        } else {
            validity.expires_at().since(validity.issued_at())
        },
    }
}

pub(crate) fn no_token() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "there is no live token",
    )
}
