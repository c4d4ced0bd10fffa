//! What the last flights failed with, which verdict stands, and how long to hold off.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::{Error, ErrorKind};

use crate::backoff::Backoff;
use crate::events::Event;

/// The failures since the last success.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<Option<Failure>>);

#[derive(Debug)]
struct Failure {
    error: Error,
    /// The refusal that stands, whatever failed after it.
    verdict: Option<Error>,
    until: Duration,
    in_a_row: u32,
}

impl Failures {
    /// Notes one more at the elapsed time `now`; `drawn` is one random number. What is to be told of it: nothing where it is a verdict that
    /// stood already.
    pub(crate) fn note(&self, error: &Error, backoff: &Backoff, drawn: u32, now: Duration) -> Option<Event> {
        let mut failure = self.lock();
        let last = failure.take();
        let in_a_row = last.as_ref().map_or(1, |last| last.in_a_row.saturating_add(1));
        let pause = backoff.pause(in_a_row, error, drawn);
        let until = now.saturating_add(pause);
        let is_verdict = error.kind() == ErrorKind::Rejected;
        let stood = last.as_ref().and_then(|last| last.verdict.clone());
        let event = match (is_verdict, &stood) {
            (true, Some(_)) => None,
            (true, None) => Some(Event::Rejected { error: error.clone() }),
            (false, _) => Some(Event::Failed {
                error: error.clone(),
                next_in: pause,
            }),
        };
        *failure = Some(Failure {
            error: error.clone(),
            verdict: if is_verdict { Some(error.clone()) } else { stood },
            // A person's failed attempt meanwhile does not end a freeze.
            until: last.map_or(until, |last| last.until.max(until)),
            in_a_row,
        });
        event
    }

    /// A newer token is there.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
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

    /// No flight before this elapsed time.
    pub(crate) fn until(&self) -> Option<Duration> {
        self.lock().as_ref().map(|failure| failure.until)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
