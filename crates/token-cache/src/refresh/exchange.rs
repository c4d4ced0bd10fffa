//! One exchange: a request and its answer, with the few retries that are safe.

mod outcome;
mod under_way;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use token_core::{
    Attempt, Clock, ClockReading, Error, ErrorKind, HttpClient, Outcome, Reason, Repeatable,
    Request, ServerOffset, TokenKey,
};

use self::outcome::{ExchangeError, Steps, error_of, refresh_token_only};
pub(crate) use self::outcome::{Issued, Limits, Reply, RetryPolicy};
use self::under_way::UnderWay;

use super::attempts::Attempts;
use super::endpoint_source::AnyEndpoint;
use crate::telemetry::exchange::Attempted;
use crate::timeout::timeout_unless_frozen;

/// A login has at most this many steps.
const MAX_STEPS: u32 = 5;

/// How much longer than it was told to a client may take. It knows whether anything was sent, so its
/// own error is to come first.
const MARGIN: Duration = Duration::from_millis(100);

/// Sends requests to the token endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Exchanger<'a> {
    pub(crate) endpoint: AnyEndpoint,
    pub(crate) key: &'a TokenKey,
    pub(crate) http: &'a dyn HttpClient,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) attempts: &'a Attempts,
    pub(crate) reason: Reason,
}

impl Exchanger<'_> {
    /// Builds the request, sends it, reads the answer, and follows the further steps of a login.
    pub(crate) async fn exchange(
        &self,
        limits: Limits,
        build: impl Fn(&Attempt) -> Result<Request, Error>,
    ) -> Result<Issued, Error> {
        let deadline = self.clock.now().elapsed.saturating_add(limits.within);
        let under_way = UnderWay::begin();
        let mut retry = limits.retry;
        let mut may_ask_again = retry != RetryPolicy::Never;
        let mut doubt: Option<ExchangeError> = None;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let first = match build(&self.attempt()) {
                Ok(first) => first,
                // The request before this one may have been carried out.
                Err(error) => return Err(doubt.map_or(error, |earlier| earlier.error)),
            };
            let sending = Sending {
                deadline,
                is_repeatable: retry == RetryPolicy::Once,
            };
            // A token that may be lost goes on at once.
            under_way.give_way_if(sending.is_repeatable).await;
            let run = self.run_steps(first, sending, attempts).await;
            under_way.give_way_if(sending.is_repeatable).await;
            let has_time = || self.clock.now().elapsed < deadline;
            let asks_for_retry = matches!(run, Ok(Steps::Retry(_)));
            let failed = match run {
                Ok(Steps::Issued(issued)) => return Ok(issued),
                Ok(Steps::Retry(_)) if may_ask_again && has_time() => {
                    may_ask_again = false;
                    continue;
                }
                Ok(Steps::Retry(error)) => ExchangeError::answered(error),
                Err(failed) => failed,
            };
            // A second request does not resolve a doubt, unless the vendor refuses the grant.
            let is_refused = failed.error.kind() == ErrorKind::Rejected;
            let failed = match doubt.take() {
                Some(earlier) if !is_refused => earlier,
                _ => failed,
            };
            if asks_for_retry {
                return Err(failed.error);
            }
            if !retry.covers(&failed) || !has_time() {
                return Err(failed.error);
            }
            retry = RetryPolicy::Never;
            doubt = (failed.error.kind() == ErrorKind::InDoubt).then_some(failed);
        }
    }

    /// Sends the one request of a one-time grant.
    pub(crate) async fn redeem(&self, limits: Limits, request: Request) -> Result<Issued, Error> {
        let deadline = self.clock.now().elapsed.saturating_add(limits.within);
        match self.run_steps(request, Sending::once(deadline), 1).await {
            Ok(Steps::Issued(issued)) => Ok(issued),
            Ok(Steps::Retry(error)) => Err(error),
            Err(failed) => Err(failed.error),
        }
    }

    /// Sends one request that brings no token, such as a revocation.
    pub(crate) async fn ask(&self, request: Request, within: Duration) -> Result<Reply, Error> {
        let deadline = self.clock.now().elapsed.saturating_add(within);
        let attempted = self.attempted(&request, 1);
        let sending = pin!(self.send(request, Sending::once(deadline)));
        let sent = attempted.run(sending, |sent: &Result<Reply, ExchangeError>| {
            sent.as_ref().err().map(|failed| &failed.error)
        });
        sent.await.map_err(|failed| failed.error)
    }

    fn attempted(&self, request: &Request, attempt: u32) -> Attempted<'_> {
        let (key, step) = (self.key, request.step());
        Attempted { key, step, attempt }
    }

    fn attempt(&self) -> Attempt {
        let attempt = self.attempts.next(&self.clock.now());
        attempt.with_reason(self.reason)
    }

    async fn run_steps(
        &self,
        first: Request,
        sending: Sending,
        attempt: u32,
    ) -> Result<Steps, ExchangeError> {
        let attempted = self.attempted(&first, attempt);
        let steps = pin!(self.steps(first, sending));
        attempted.run(steps, error_of).await
    }

    /// Sends the first request and the further steps that the endpoint asks for. Once one request
    /// was sent, the exchange counts as sent.
    async fn steps(&self, first: Request, sending: Sending) -> Result<Steps, ExchangeError> {
        let purpose = first.step();
        let mut request = first;
        for step in 0..MAX_STEPS {
            let sent = self.send(request, sending).await;
            let reply = sent.map_err(|failed| failed.after(step, purpose))?;
            let outcome = self.endpoint.read(&reply.answer(), &self.attempt());
            let answered = |error| ExchangeError::answered(error).after(step, purpose);
            request = match outcome.map_err(answered)? {
                Outcome::Issued(token) => return Ok(Steps::Issued(Issued::of(token, reply.asked))),
                Outcome::RefreshTokenOnly {
                    refresh,
                    refresh_expires_at,
                    error,
                } => return refresh_token_only(refresh, refresh_expires_at, error, reply.asked),
                Outcome::Retry(error) => return Ok(Steps::Retry(error)),
                Outcome::Continue(next) => next.remembering(reply.request.secrets()),
                _ => return Err(ExchangeError::answered(unknown_outcome())),
            };
        }
        let error = Error::new(ErrorKind::Protocol, "the login has too many steps");
        Err(ExchangeError::answered(error).after(MAX_STEPS, purpose))
    }

    async fn send(&self, request: Request, sending: Sending) -> Result<Reply, ExchangeError> {
        let asked = self.clock.now();
        let left = sending.deadline.saturating_sub(asked.elapsed);
        let sent = self.http.send(sending.marked(&request), left);
        let response = match timeout_unless_frozen(left.saturating_add(MARGIN), sent).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => {
                let sent = error.may_have_left();
                return Err(ExchangeError {
                    error: error.to_error().with_request(&request),
                    sent,
                });
            }
            None => {
                let error = Error::new(ErrorKind::InDoubt, "the exchange timed out");
                return Err(ExchangeError {
                    error: error.with_request(&request),
                    sent: true,
                });
            }
        };
        let offset = self.learn_offset(&request, &response, &asked);
        Ok(Reply {
            request,
            response,
            asked,
            offset,
        })
    }

    /// Reads the server's clock from the `Date` of its answer. Without TLS it is not believed,
    /// because anybody on the way could move our clock.
    fn learn_offset(
        &self,
        request: &Request,
        response: &http::Response<Bytes>,
        asked: &ClockReading,
    ) -> ServerOffset {
        if !request.is_tls() {
            return ServerOffset::NONE;
        }
        let passed = self.clock.now().elapsed.saturating_sub(asked.elapsed);
        let answered = asked.wall.after(passed);
        let Some(offset) = ServerOffset::observed(response.headers(), asked.wall, answered) else {
            return self.attempts.offset(asked);
        };
        self.attempts.correct_by(offset, asked);
        offset
    }
}

/// How the requests of one attempt are sent.
#[derive(Clone, Copy)]
struct Sending {
    deadline: Duration,
    /// Whether the exchange is made once more if its outcome is unknown.
    is_repeatable: bool,
}

impl Sending {
    fn once(deadline: Duration) -> Self {
        Self {
            deadline,
            is_repeatable: false,
        }
    }

    fn marked(self, request: &Request) -> http::Request<Bytes> {
        let mut sent = request.to_http();
        if self.is_repeatable {
            sent.extensions_mut().insert(Repeatable);
        }
        sent
    }
}

/// Returns the error of an exchange whose task was dropped: its runtime shut down, or it panicked.
pub(crate) fn broke_off() -> Error {
    Error::new(
        ErrorKind::InDoubt,
        "the exchange was aborted because its runtime shut down",
    )
}

fn unknown_outcome() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the endpoint returned an outcome that this version does not know",
    )
}
