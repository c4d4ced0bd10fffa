//! What the last exchanges failed with, which verdict stands, and how long to hold off.

mod pause;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::reexports::http::StatusCode;
use token_core::{Error, ErrorKind, Rotation, Step};

pub(crate) use self::pause::InHand;
use self::pause::{Doubt, Pause};
use crate::backoff::Backoff;
use crate::events::Event;

/// After so many failures in a row, an outage is taken for one: callers fail at once, and words of
/// strangers are believed.
pub(crate) const A_FEW: u32 = 3;
/// The same refusal for so long, so often, is told once as "a login may be needed".
const SAME_FOR_LONG: Duration = Duration::from_secs(15 * 60);
const SAME_SO_OFTEN: u32 = 5;

/// The failures since the last success.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Option<Failure>>);

#[derive(Debug)]
struct Failure {
    error: Error,
    /// Whether asking again later may help with nobody mending anything.
    passes: bool,
    /// The refusal that stands, whatever failed after it.
    verdict: Option<Error>,
    pause: Pause,
    in_a_row: u32,
    /// From how many in a row on nobody waits for the next exchange.
    patience: u32,
    /// How many refreshes in a row the vendor answered with something else than a token.
    answers: u32,
    /// Whether a login has just taken the place of the refresh, and failed. The next failure is
    /// that of the login: it says nothing of the grant, and does not hold off the refresh for
    /// longer than another failure of the refresh would.
    login_in_vain: bool,
    same: SameRefusal,
}

/// How long the vendor has refused in the same way.
#[derive(Clone, Copy, Debug)]
struct SameRefusal {
    status: Option<StatusCode>,
    since: Duration,
    times: u32,
    told: bool,
}

/// One more failure.
pub(crate) struct Failed<'a> {
    pub(crate) error: &'a Error,
    pub(crate) rotation: Rotation,
    pub(crate) hand: InHand,
    /// The elapsed time.
    pub(crate) now: Duration,
    /// When the exchange began, in elapsed time: the vendor may have acted from here on.
    pub(crate) sent: Duration,
    /// A random number.
    pub(crate) drawn: u32,
    /// Whether the vendor issued a token that was over when it arrived: it may have a newer one in
    /// a moment.
    pub(crate) over_on_arrival: bool,
}

impl Failures {
    /// Notes one more. Returns what is to be told of it: nothing for a verdict that stood already.
    pub(crate) fn note(&self, failed: &Failed<'_>, backoff: &Backoff) -> Vec<Event> {
        let mut failure = self.lock();
        let stood = failure.as_ref().is_some_and(|last| last.verdict.is_some());
        let mut next = Failure::following(failure.take(), failed, backoff);
        let events = next.events(failed, stood);
        *failure = Some(next);
        events
    }

    /// A newer token is there.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    /// A person says that the refusal was wrong, or is mended: the next caller tries again. What
    /// the vendor asked for still counts.
    pub(crate) fn forget_verdict(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.verdict = None;
            failure.pause.forget_our_own();
        }
    }

    /// The vendor issued something: the grant lives.
    pub(crate) fn overrule(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.verdict = None;
        }
    }

    /// The refusal that stands: told once, and not asked for again.
    pub(crate) fn verdict(&self) -> Option<Error> {
        self.lock().as_ref()?.verdict.clone()
    }

    pub(crate) fn last(&self) -> Option<Error> {
        self.lock().as_ref().map(|failure| failure.error.clone())
    }

    /// No exchange before this elapsed time.
    pub(crate) fn until(&self, hand: &InHand, now: Duration) -> Option<Duration> {
        self.lock()
            .as_ref()
            .map(|failure| failure.pause.until(hand, now))
    }

    /// Whether the refresh token was sent, and nobody knows whether the vendor took it.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.lock()
            .as_ref()
            .is_some_and(|failure| failure.pause.doubt.is_some())
    }

    /// Whether the next exchange is worth waiting for: the failure passes by itself, and is not one
    /// of many.
    pub(crate) fn may_pass(&self) -> bool {
        let failure = self.lock();
        failure
            .as_ref()
            .is_none_or(|failure| failure.in_a_row < failure.patience && failure.passes)
    }

    /// Whether a repeatable login should take the place of the next refresh: the vendor answers it,
    /// but not with a token.
    pub(crate) fn calls_for_login(&self, hand: &InHand) -> bool {
        let answers = self.lock().as_ref().map_or(0, |failure| failure.answers);
        answers >= A_FEW || (answers > 0 && !hand.usable)
    }

    /// The login that took the place of a refresh failed: the next one is a refresh again. Told
    /// before that failure is noted.
    pub(crate) fn note_vain_login(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.login_in_vain = true;
            failure.answers = 0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failure {
    fn following(last: Option<Self>, failed: &Failed<'_>, backoff: &Backoff) -> Self {
        let Failed { error, now, .. } = *failed;
        let in_a_row = last
            .as_ref()
            .map_or(1, |last| last.in_a_row.saturating_add(1));
        let answers = last.as_ref().map_or(0, |last| last.answers);
        let in_vain = last.as_ref().is_some_and(|last| last.login_in_vain);
        let passes = in_vain || passes(error);
        let same = SameRefusal {
            status: error.status().filter(|status| says_no(*status, error)),
            since: now,
            times: 1,
            told: false,
        };
        let earlier = last.as_ref().and_then(|last| last.pause.doubt);
        let doubt = match Doubt::of(failed) {
            Some(doubt) => Some(doubt.after(earlier)),
            None => earlier.filter(|_| in_vain || error.kind() != ErrorKind::Rejected),
        };
        let pause = Pause {
            at: now,
            step: match in_vain {
                true => backoff.short_step(in_a_row, failed.drawn),
                false => backoff.step(in_a_row, error, failed.drawn),
            },
            // A later failure does not end a freeze.
            asked_until: error
                .retry_after()
                .map(|after| now.saturating_add(after))
                .max(last.as_ref().and_then(|last| last.pause.asked_until)),
            had_usable: failed.hand.usable,
            longest_without_token: match (passes, failed.over_on_arrival) {
                (false, _) => Duration::MAX,
                (true, true) => pause::LONGEST_WITHOUT_TOKEN,
                (true, false) => pause::longest_without_token(failed.hand.life),
            },
            doubt,
        };
        let is_verdict = error.kind() == ErrorKind::Rejected && !in_vain;
        Self {
            error: error.clone(),
            passes,
            pause,
            in_a_row,
            patience: A_FEW + u32::from(failed.over_on_arrival),
            answers: if is_an_answer(error) {
                answers.saturating_add(1)
            } else {
                answers
            },
            login_in_vain: false,
            same: match last.as_ref().map(|last| last.same) {
                Some(before) if before.status == same.status => SameRefusal {
                    times: before.times.saturating_add(1),
                    ..before
                },
                _ => same,
            },
            verdict: match is_verdict {
                true => Some(error.clone()),
                false => last.and_then(|last| last.verdict),
            },
        }
    }

    /// What is to be told of it; `stood` says that a verdict stood before.
    fn events(&mut self, failed: &Failed<'_>, stood: bool) -> Vec<Event> {
        let error = failed.error.clone();
        let mut events = Vec::new();
        let is_verdict = error.kind() == ErrorKind::Rejected && !self.passes;
        match (is_verdict, stood) {
            (true, true) => {}
            (true, false) => events.push(Event::Rejected { error }),
            (false, _) => events.push(Event::Failed {
                error,
                next_in: self
                    .pause
                    .until(&failed.hand, failed.now)
                    .saturating_sub(failed.now),
            }),
        }
        if self.same.is_due(failed.now) {
            self.same.told = true;
            let error = failed.error.clone();
            events.push(Event::LoginMayBeNeeded { error });
        }
        events
    }
}

impl SameRefusal {
    fn is_due(&self, now: Duration) -> bool {
        let lasts = now.saturating_sub(self.since) >= SAME_FOR_LONG && self.times >= SAME_SO_OFTEN;
        self.status.is_some() && lasts && !self.told
    }
}

/// Whether the vendor refuses, without saying what a person has to do.
fn says_no(status: StatusCode, error: &Error) -> bool {
    let is_clear = matches!(
        error.kind(),
        ErrorKind::Rejected | ErrorKind::Locked { .. } | ErrorKind::Throttled { .. }
    );
    status.is_client_error() && !is_clear
}

/// Whether asking again later may help with nobody mending anything.
fn passes(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Rejected | ErrorKind::Locked { .. } => false,
        // A stranger's page may say anything while a gateway restarts.
        ErrorKind::Config => error.status().is_some() && !error.is_vendors_word(),
        _ => true,
    }
}

/// Whether the vendor answered a refresh, and will answer the next one alike: neither busy nor
/// closed, nor is the client set up wrongly, which the vendor would say to its login too.
fn is_an_answer(error: &Error) -> bool {
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    let answered = error.status().is_some_and(|status| !busy.contains(&status));
    let is_clear = match error.kind() {
        ErrorKind::Locked { .. } | ErrorKind::Throttled { .. } => true,
        ErrorKind::Config => error.is_vendors_word(),
        _ => false,
    };
    answered && error.step() == Some(Step::Refresh) && !is_clear
}

#[cfg(test)]
mod tests;
