//! A storm of revocations, which an adapter must survive.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use token_core::{BuildError, Timestamp};

use crate::api_vendor::{ApiRefusal, ApiVendor, REQUEST_ID};
use crate::manual_clock::ManualClock;
use crate::random::Random;

/// A token that is refused earlier after its exchange than this is not at fault, so a storm lets
/// more time pass.
const BETWEEN_REVOCATIONS: Duration = Duration::from_secs(61);
/// One of so many requests finds its token revoked, if it may.
const ONE_OF: usize = 5;
const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// A vendor that revokes its token at random while requests are in flight, and counts what comes of
/// it. An adapter passes if each request succeeds and is carried out once, and if there is one
/// exchange per revocation.
///
/// ```
/// # use token_core::reexports::{Bytes, http};
/// # async fn storm(
/// #     url: &str,
/// #     send: impl AsyncFn(http::Request<Bytes>) -> Result<http::Response<Bytes>, String>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use token_testkit::{ApiRefusal, RevocationStorm};
///
/// let storm = RevocationStorm::new(url, ApiRefusal::Status, 1)?;
/// // The cache: `storm.vendor()` as its endpoint and its HTTP client, `storm.clock()` as its clock.
/// // The API at `url`: `storm.answer(…)`.
/// // Many of these at the same time, each of which makes one request after the other:
/// while storm.revocations() < 100 {
///     let in_flight = storm.begin();
///     let answer = send(in_flight.request()).await;
///     in_flight.end(answer);
/// }
/// assert_eq!(storm.findings(), Vec::<String>::new());
/// # Ok(())
/// # }
/// ```
///
/// No request meets two revocations, since it would be refused twice and fail.
#[derive(Clone)]
pub struct RevocationStorm {
    vendor: ApiVendor,
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

struct State {
    random: Random,
    began: u64,
    succeeded: u64,
    revocations: u64,
    refused: u64,
    /// Grows when the API has accepted a new token after a revocation.
    epoch: u64,
    is_revoked: bool,
    /// How many requests are in flight, by the epoch in which they began.
    in_flight: BTreeMap<u64, u64>,
    findings: Vec<String>,
}

/// A request of a [`RevocationStorm`] that is in flight.
#[derive(Debug)]
#[must_use]
pub struct InFlight {
    storm: RevocationStorm,
    id: u64,
    epoch: u64,
}

impl RevocationStorm {
    /// Creates a storm around the API at this URL.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if that is no URL.
    pub fn new(url: &str, refusal: ApiRefusal, seed: u64) -> Result<Self, BuildError> {
        let state = State {
            random: Random::seeded(seed),
            began: 0,
            succeeded: 0,
            revocations: 0,
            refused: 0,
            epoch: 0,
            is_revoked: true,
            in_flight: BTreeMap::new(),
            findings: Vec::new(),
        };
        Ok(Self {
            vendor: ApiVendor::new(url, refusal)?,
            clock: ManualClock::at(START),
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Returns the vendor: the endpoint of the cache, and its HTTP client.
    pub fn vendor(&self) -> &ApiVendor {
        &self.vendor
    }

    /// Returns the clock of the cache.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Answers an API request, and may revoke the token just before.
    pub fn answer(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let mut state = self.state();
        if !self.vendor.accepts(request) {
            state.refused += 1;
            return self.vendor.refuse();
        }
        if state.may_revoke() && state.random.below(ONE_OF) == 0 {
            state.is_revoked = true;
            state.revocations += 1;
            state.refused += 1;
            self.clock.advance(BETWEEN_REVOCATIONS);
            self.vendor.revoke();
            return self.vendor.refuse();
        }
        state.note_accepted();
        state.check_body(request);
        self.vendor.answer(request)
    }

    /// Begins the next request: every other one has a body.
    pub fn begin(&self) -> InFlight {
        let mut state = self.state();
        state.began += 1;
        let (id, epoch) = (state.began, state.epoch);
        *state.in_flight.entry(epoch).or_default() += 1;
        InFlight {
            storm: self.clone(),
            id,
            epoch,
        }
    }

    /// Returns how often the token was revoked.
    pub fn revocations(&self) -> u64 {
        self.state().revocations
    }

    /// Returns what went wrong; nothing if the adapter has passed. A storm in which nothing was
    /// refused is a finding too.
    pub fn findings(&self) -> Vec<String> {
        let state = self.state();
        let mut findings = state.findings.clone();
        let exchanges = self.vendor.exchanges();
        if exchanges > state.revocations + 1 {
            let revocations = state.revocations;
            findings.push(format!(
                "{exchanges} exchanges for {revocations} revocations"
            ));
        }
        if state.refused == 0 || state.succeeded != state.began {
            findings.push(format!("{state:?}"));
        }
        findings
    }

    fn url(&self, id: u64) -> String {
        self.vendor.url(&format!("/things/{id}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether no request in flight has met the last revocation.
    fn may_revoke(&self) -> bool {
        let oldest = self.in_flight.keys().next();
        !self.is_revoked && oldest.is_none_or(|epoch| *epoch >= self.epoch)
    }

    fn note_accepted(&mut self) {
        if self.is_revoked {
            self.is_revoked = false;
            self.epoch += 1;
        }
    }

    fn check_body(&mut self, request: &http::Request<Bytes>) {
        let id = request.headers().get(REQUEST_ID);
        let id = id.and_then(|id| id.to_str().ok()?.parse().ok());
        let is_right = id.is_some_and(|id| *request.body() == body_of(id));
        if !is_right {
            self.findings
                .push(format!("the body of {id:?} is not its own"));
        }
    }

    fn end(&mut self, epoch: u64) {
        let left = self.in_flight.entry(epoch).or_default();
        *left = left.saturating_sub(1);
        self.in_flight.retain(|_, left| *left > 0);
    }
}

impl InFlight {
    /// Returns the request. It is sent by the adapter.
    pub fn request(&self) -> http::Request<Bytes> {
        let body = body_of(self.id);
        let mut request = http::Request::new(body);
        if !request.body().is_empty() {
            *request.method_mut() = http::Method::POST;
        }
        if let Ok(uri) = self.storm.url(self.id).parse() {
            *request.uri_mut() = uri;
        }
        request.headers_mut().insert(REQUEST_ID, self.id.into());
        request
    }

    /// Notes how it ended, and checks that the request was carried out exactly once.
    pub fn end(self, answer: Result<http::Response<Bytes>, impl fmt::Display>) {
        let executions = self.storm.vendor.executions(&self.id.to_string());
        let mut state = self.storm.state();
        state.end(self.epoch);
        let wrong = match answer {
            Ok(answer) if executions == 1 && answer.status().is_success() => {
                state.succeeded += 1;
                return;
            }
            Ok(answer) => format!("{} after {executions} executions", answer.status()),
            Err(error) => format!("{error} after {executions} executions"),
        };
        state.findings.push(format!("request {}: {wrong}", self.id));
    }
}

fn body_of(id: u64) -> Bytes {
    match id % 2 {
        0 => Bytes::new(),
        _ => Bytes::from(format!("the content of request {id}")),
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("began", &self.began)
            .field("succeeded", &self.succeeded)
            .field("revocations", &self.revocations)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RevocationStorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationStorm({:?})", self.state())
    }
}

#[cfg(test)]
mod tests;
