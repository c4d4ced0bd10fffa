//! Very many callers at once.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use token_core::{Error, Token};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, unconstrained};
use vendor_auth::TokenCache;

/// Callers that each ask once, in their own task.
#[derive(Debug)]
pub(crate) struct Crowd {
    size: u32,
    asked: Arc<Semaphore>,
    callers: JoinSet<Call>,
    begun: Instant,
}

#[derive(Debug)]
struct Call {
    waited: bool,
    outcome: Result<Token, Error>,
}

/// The results of the callers.
#[derive(Debug)]
pub(crate) struct Served {
    /// How many of them were not answered at once.
    pub(crate) waited: usize,
    pub(crate) tokens: Vec<Token>,
    pub(crate) errors: Vec<Error>,
    /// From the first question to the last answer, in real time.
    pub(crate) took: Duration,
}

impl Crowd {
    /// Starts this number of callers that ask for a token.
    pub(crate) fn ask(tokens: &TokenCache, size: u32) -> Self {
        let begun = now();
        let asked = Arc::new(Semaphore::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..size {
            callers.spawn(call(tokens.clone(), asked.clone()));
        }
        Self {
            size,
            asked,
            callers,
            begun,
        }
    }

    /// Waits until each of them has an answer or is waiting.
    pub(crate) async fn all_asked(&self) -> Result<()> {
        let all = self.asked.acquire_many(self.size).await;
        all.map(drop).context("the callers are gone")
    }

    /// Waits until each of them has an answer.
    pub(crate) async fn served(self) -> Served {
        let calls = self.callers.join_all().await;
        let took = now().duration_since(self.begun);
        let waited = calls.iter().filter(|call| call.waited).count();
        let mut served = Served {
            waited,
            tokens: Vec::new(),
            errors: Vec::new(),
            took,
        };
        for call in calls {
            match call.outcome {
                Ok(token) => served.tokens.push(token),
                Err(error) => served.errors.push(error),
            }
        }
        served
    }
}

impl Served {
    /// Returns how many of them got this very token.
    pub(crate) fn with(&self, token: &Token) -> usize {
        let same = self.tokens.iter().filter(|got| got.same_secrets_as(token));
        same.count()
    }
}

async fn call(tokens: TokenCache, asked: Arc<Semaphore>) -> Call {
    let mut asking = pin!(tokens.token());
    let at_once = at_once(asking.as_mut()).await;
    asked.add_permits(1);
    let waited = at_once.is_none();
    let outcome = match at_once {
        Some(outcome) => outcome,
        None => asking.await,
    };
    let outcome = outcome.map(|token| (*token).clone());
    Call { waited, outcome }
}

/// Returns the output of a future that is ready without waiting. Tokio's budget is set aside: it
/// would make a ready future look pending.
pub(crate) async fn at_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut future = pin!(unconstrained(future));
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the callers took is for people to read"
)]
fn now() -> Instant {
    Instant::now()
}
