//! Callers that ask all the time, and what they got.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use vendor_auth::cache::TokenGuard;
use vendor_auth::types::{Clock as _, Generation};
use vendor_auth::{Error, TokenCache};

use super::host::Host;
use super::vendor::OffsetClock;

/// The pause between two calls.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks until it is dropped.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) stats: watch::Receiver<CallStats>,
    task: JoinHandle<()>,
}

/// How a caller asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallMode {
    /// Polls once: a caller with a live token has an answer at the first poll, whatever else
    /// happens.
    PollOnce,
    /// Waits for its answer, within its deadline.
    Wait,
}

/// The results of the callers.
#[derive(Clone, Debug, Default)]
pub(super) struct CallStats {
    pub(super) times: u64,
    /// Calls without an answer at the first poll.
    pub(super) waited: u64,
    pub(super) refusals: Vec<Refusal>,
    /// Tokens that had expired when they were handed out.
    pub(super) expired: u64,
    pub(super) slowest: Duration,
    /// Every generation that was handed out, and when it first was.
    pub(super) handed: Vec<(Generation, Instant)>,
}

/// An error that callers got, this many times in a row.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    pub(super) times: u64,
}

/// What all callers of all cases got so far, for the progress lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    stats: AtomicU64,
    waited: AtomicU64,
    refused: AtomicU64,
}

impl Callers {
    pub(super) fn of(host: &Host, mode: CallMode, totals: &Totals) -> Self {
        let (observed, stats) = watch::channel(CallStats::default());
        let (tokens, clock, totals) = (host.tokens.clone(), host.clock.clone(), totals.clone());
        let task = tokio::spawn(async move {
            loop {
                ask(&tokens, mode, &clock, &observed, &totals).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { stats, task }
    }

    pub(super) fn so_far(&self) -> CallStats {
        self.stats.borrow().clone()
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ask(
    tokens: &TokenCache,
    mode: CallMode,
    clock: &OffsetClock,
    observed: &watch::Sender<CallStats>,
    totals: &Totals,
) {
    let begun = Instant::now();
    let answer = match mode {
        CallMode::PollOnce => poll_once(tokens.token()),
        CallMode::Wait => Some(tokens.token().await),
    };
    let now = Instant::now();
    totals.note(answer.as_ref());
    observed.send_modify(|stats| {
        stats.times += 1;
        stats.slowest = stats.slowest.max(now - begun);
        match answer {
            None => stats.waited += 1,
            Some(Err(error)) => stats.note_refusal(error),
            Some(Ok(token)) => stats.note_token(&token, clock, now),
        }
    });
}

/// Returns the answer if it is there without waiting.
fn poll_once<T>(callers: impl Future<Output = T>) -> Option<T> {
    match pin!(callers).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

impl CallStats {
    /// Returns when a token of this generation was first handed out.
    pub(super) fn first_of(&self, generation: Generation) -> Option<Instant> {
        let first = self.handed.iter().find(|(handed, _)| *handed == generation);
        first.map(|(_, at)| *at)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refusals.iter().map(|refusal| refusal.times).sum()
    }

    fn note_refusal(&mut self, error: Error) {
        match self.refusals.last_mut() {
            Some(last) if last.error.kind() == error.kind() => last.times += 1,
            _ => self.refusals.push(Refusal { error, times: 1 }),
        }
    }

    fn note_token(&mut self, token: &TokenGuard, clock: &OffsetClock, now: Instant) {
        self.expired += u64::from(token.validity().expires_at() <= clock.now().wall);
        let generation = token.generation();
        if self.first_of(generation).is_none() {
            self.handed.push((generation, now));
        }
    }
}

impl Totals {
    fn note(&self, answer: Option<&Result<TokenGuard, Error>>) {
        self.0.stats.fetch_add(1, Ordering::Relaxed);
        match answer {
            None => self.0.waited.fetch_add(1, Ordering::Relaxed),
            Some(Err(_)) => self.0.refused.fetch_add(1, Ordering::Relaxed),
            Some(Ok(_)) => 0,
        };
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "asked {} times, {} waited with a live token, {} were told to ask again",
            read(&self.0.stats),
            read(&self.0.waited),
            read(&self.0.refused)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_without_an_answer_at_the_first_poll_waits() {
        assert_eq!(poll_once(std::future::ready(7)), Some(7));
        assert_eq!(poll_once(std::future::pending::<()>()), None);
    }
}
