//! What the last exchanges failed with, whether the grant is refused, and how long to back off.

mod pause;
mod refusal;
mod told;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::reexports::http::StatusCode;
use token_core::{Error, ErrorKind, Step};

pub(crate) use self::pause::{Brought, NewFailure};
use self::pause::{Doubt, Pause};
use self::refusal::Refusal;
use super::backoff::{A_FEW, Backoff};
use super::cached_token::Life;
use super::events::Event;

/// The same refusal for this long, this often, is reported once as "a login may be needed".
const SAME_FOR_LONG: Duration = Duration::from_secs(15 * 60);
const SAME_SO_OFTEN: u32 = 5;

/// The failures since the last success.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Option<Box<Failure>>>);

#[derive(Debug)]
struct Failure {
    error: Error,
    /// Whether asking again later may help though nobody mends anything.
    is_temporary: bool,
    /// The refusal of the grant that stands, whatever failed after it.
    refusal: Option<Refusal>,
    pause: Pause,
    in_a_row: u32,
    /// From this many in a row on, callers no longer wait for the next exchange.
    tolerated: u32,
    /// How many refreshes in a row the vendor answered with something other than a token.
    answers: u32,
    /// Whether a login has just taken the place of the refresh, and failed. The next failure is
    /// that login's: it says nothing about the grant, and delays the refresh no longer than another
    /// failure of the refresh would.
    login_failed: bool,
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

impl Failures {
    /// Notes one more. Returns the events to send: none if the grant was refused before.
    pub(crate) fn note(&self, failed: &NewFailure<'_>, backoff: &Backoff) -> Vec<Event> {
        let mut failure = self.lock();
        let was_refused = failure.as_ref().is_some_and(|last| last.refusal.is_some());
        let mut next = Failure::following(failure.take().map(|last| *last), failed, backoff);
        let events = next.events(failed, was_refused);
        *failure = Some(Box::new(next));
        events
    }

    /// Whether there was none since the last success.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_none()
    }

    /// Forgets all of them: there is a newer token.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    pub(crate) fn last(&self) -> Option<Error> {
        self.lock().as_ref().map(|failure| failure.error.clone())
    }

    /// Returns the elapsed time before which no exchange starts.
    pub(crate) fn until(&self, life: &Life, now: Duration) -> Option<Duration> {
        self.lock()
            .as_ref()
            .map(|failure| failure.pause.until(life, now))
    }

    /// Whether the refresh token was sent, and nobody knows whether the vendor took it.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.lock()
            .as_ref()
            .is_some_and(|failure| failure.pause.doubt.is_some())
    }

    /// Whether the next exchange is worth waiting for: the failure is temporary, and not one of
    /// many.
    pub(crate) fn is_worth_waiting(&self) -> bool {
        let failure = self.lock();
        failure
            .as_ref()
            .is_none_or(|failure| failure.in_a_row < failure.tolerated && failure.is_temporary)
    }

    /// Whether a repeatable login should take the place of the next refresh: the vendor answers,
    /// but not with a token.
    pub(crate) fn calls_for_login(&self, is_usable: impl FnOnce() -> bool) -> bool {
        let answers = self.lock().as_ref().map_or(0, |failure| failure.answers);
        answers >= A_FEW || (answers > 0 && !is_usable())
    }

    /// Notes that the login that took the place of a refresh failed: the next exchange is a refresh
    /// again. To be called before that failure is noted.
    pub(crate) fn note_failed_login(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.login_failed = true;
            failure.answers = 0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Failure>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failure {
    fn following(last: Option<Self>, failed: &NewFailure<'_>, backoff: &Backoff) -> Self {
        let error = failed.error;
        let login_failed = last.as_ref().is_some_and(|last| last.login_failed);
        let is_refusal = error.kind() == ErrorKind::Rejected && !login_failed;
        let answers = last.as_ref().map_or(0, |last| last.answers);
        Self {
            error: error.clone(),
            is_temporary: may_pass(last.as_ref(), error),
            pause: pause_after(last.as_ref(), failed, backoff),
            in_a_row: in_a_row(last.as_ref()),
            tolerated: A_FEW + u32::from(failed.brought == Brought::ExpiredToken),
            answers: answers.saturating_add(u32::from(is_an_answer(error))),
            login_failed: false,
            same: SameRefusal::following(last.as_ref().map(|last| last.same), failed),
            refusal: match is_refusal {
                true => Some(Refusal::by_the_vendor(error)),
                false => last.and_then(|last| last.refusal),
            },
        }
    }

    /// Returns the events to send. A refusal of the grant is sent once.
    fn events(&mut self, failed: &NewFailure<'_>, was_refused: bool) -> Vec<Event> {
        let error = failed.error.clone();
        let mut events = Vec::new();
        let is_refusal = error.kind() == ErrorKind::Rejected && !self.is_temporary;
        match (is_refusal, was_refused) {
            (true, true) => {}
            (true, false) => events.push(Event::Rejected { error }),
            (false, _) => events.push(Event::Failed {
                error,
                next_in: self
                    .pause
                    .until(&failed.life, failed.now)
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

/// Whether asking again later may help. The failure of a login that took the place of the refresh
/// says nothing about the refresh, which may help.
fn may_pass(last: Option<&Failure>, error: &Error) -> bool {
    last.is_some_and(|last| last.login_failed) || is_temporary(error)
}

fn in_a_row(last: Option<&Failure>) -> u32 {
    last.map_or(0, |last| last.in_a_row).saturating_add(1)
}

fn pause_after(last: Option<&Failure>, failed: &NewFailure<'_>, backoff: &Backoff) -> Pause {
    let NewFailure { error, now, .. } = *failed;
    let login_failed = last.is_some_and(|last| last.login_failed);
    let earlier = last.and_then(|last| last.pause.doubt);
    Pause {
        at: now,
        step: match login_failed {
            true => backoff.short_step(in_a_row(last), failed.drawn),
            false => backoff.step(in_a_row(last), error, failed.drawn),
        },
        // A later failure does not end a freeze.
        asked_until: error
            .retry_after()
            .map(|after| now.saturating_add(after))
            .max(last.and_then(|last| last.pause.asked_until)),
        had_usable: failed.life.usable,
        longest_without_token: match failed.brought {
            _ if !may_pass(last, error) => Duration::MAX,
            Brought::ExpiredToken => pause::LONGEST_WITHOUT_TOKEN,
            Brought::Nothing => pause::longest_without_token(failed.life.total),
        },
        doubt: match Doubt::of(failed) {
            Some(doubt) => Some(doubt.after(earlier)),
            None => earlier.filter(|_| login_failed || error.kind() != ErrorKind::Rejected),
        },
    }
}

impl SameRefusal {
    fn following(last: Option<Self>, failed: &NewFailure<'_>) -> Self {
        let status = failed.error.status();
        let status = status.filter(|status| is_unexplained_refusal(*status, failed.error));
        match last {
            Some(last) if last.status == status => Self {
                times: last.times.saturating_add(1),
                ..last
            },
            _ => Self {
                status,
                since: failed.now,
                times: 1,
                told: false,
            },
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        let lasts = now.saturating_sub(self.since) >= SAME_FOR_LONG && self.times >= SAME_SO_OFTEN;
        self.status.is_some() && lasts && !self.told
    }
}

/// Whether the vendor refuses, without saying what a person has to do.
fn is_unexplained_refusal(status: StatusCode, error: &Error) -> bool {
    let is_clear = matches!(
        error.kind(),
        ErrorKind::Rejected | ErrorKind::Locked { .. } | ErrorKind::Throttled { .. }
    );
    status.is_client_error() && !is_clear
}

/// Whether asking again later may help though nobody mends anything.
fn is_temporary(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Rejected | ErrorKind::Locked { .. } => false,
        // A gateway that restarts may show any page.
        ErrorKind::Config => error.status().is_some() && !error.is_vendors_word(),
        _ => true,
    }
}

/// Whether the vendor answered a refresh, and will answer the next one alike. It is neither busy
/// nor closed, nor is the client misconfigured, which would fail a login too.
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
