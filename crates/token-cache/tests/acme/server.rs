//! The test vendor: one grant, whose refresh tokens are counted and whose reuse is detected.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use token_cache::test_util::RuntimeClock;
use token_core::reexports::http::{Request, Response};
use token_core::reexports::{Bytes, async_trait};
use token_core::{HttpClient, Secret, SendError, SendFailure, Token};
use tokio::time::Instant;

use super::fault::{Fault, When};
use super::gate::Gate;
use super::grant::{GrantLife, State};
use super::wire::ReceivedRequest;

/// What happens when a spent refresh token is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It is still the grant's refresh token.
    Allowed,
    /// It works for this long; then its use revokes the grant.
    AllowedFor(Duration),
    /// Its use revokes the grant.
    RevokesGrant,
}

#[derive(Clone)]
pub(crate) struct AcmeServer(Arc<Mutex<State>>);

impl AcmeServer {
    pub(crate) fn new(clock: RuntimeClock, spent: Reuse) -> Self {
        Self(Arc::new(Mutex::new(State {
            clock,
            skew_millis: 0,
            spent,
            life: Duration::from_secs(3600),
            latency: Duration::ZERO,
            kills_old_access: false,
            repeats_live: false,
            grant: None,
            issued: 0,
            refresh: "acme-refresh-0".to_owned(),
            spent_at: HashMap::new(),
            access: HashMap::new(),
            newest: String::new(),
            dead: false,
            reused: 0,
            script: VecDeque::new(),
            outage: None,
            outages: HashMap::new(),
            requests: Vec::new(),
        })))
    }

    /// Returns the grant as its user knows it: a refresh token alone.
    pub(crate) fn grant(&self) -> Token {
        Token::from_refresh_token(Secret::from(self.state().refresh.clone())).unwrap()
    }

    pub(crate) fn life(&self, life: Duration) {
        self.state().life = life;
    }

    pub(crate) fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    pub(crate) fn kills_old_access(&self) {
        self.state().kills_old_access = true;
    }

    /// From now on a login repeats the live access token, with what is left of its life, and brings
    /// no refresh token.
    pub(crate) fn repeats_live_token(&self) {
        self.state().repeats_live = true;
    }

    /// A refresh token lives for this long; each exchange extends it.
    pub(crate) fn grant_slides(&self, life: Duration) {
        self.state().grant = Some(GrantLife {
            ends_at: Instant::now() + life,
            slides: Some(life),
        });
    }

    /// The grant ends after this long, however often it is refreshed.
    pub(crate) fn grant_ends_in(&self, life: Duration) {
        self.state().grant = Some(GrantLife {
            ends_at: Instant::now() + life,
            slides: None,
        });
    }

    /// Sets the server's clock ahead. Requests that are off by more than a minute are refused.
    pub(crate) fn runs_ahead(&self, millis: i64) {
        self.state().skew_millis = millis;
    }

    /// The next exchanges fail with these faults, one after the other.
    pub(crate) fn then(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().script.extend(faults);
    }

    /// The next exchange is refused with this code.
    pub(crate) fn then_refuse(&self, code: &str) {
        let body = format!(r#"{{"error":"{code}","message":"no"}}"#);
        self.then([Fault::answer(400, body)]);
    }

    /// The next exchange waits at the gate.
    pub(crate) fn then_hold(&self, when: When) -> Gate {
        let gate = Gate::closed();
        self.then([Fault::Held(when, gate.clone())]);
        gate
    }

    /// All other exchanges fail with this fault; `None` ends that.
    pub(crate) fn outage(&self, fault: impl Into<Option<Fault>>) {
        self.state().outage = fault.into();
    }

    /// The same for one path.
    pub(crate) fn outage_of(&self, path: &'static str, fault: impl Into<Option<Fault>>) {
        let outages = &mut self.state().outages;
        match fault.into() {
            Some(fault) => _ = outages.insert(path, fault),
            None => _ = outages.remove(path),
        }
    }

    /// Revokes the grant.
    pub(crate) fn revoke_grant(&self) {
        self.state().dead = true;
    }

    /// Returns all requests so far.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.state().requests.clone()
    }

    /// Returns the secrets that were presented to this path, in order.
    pub(crate) fn presented(&self, path: &str) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests
            .filter(|request| request.path == path)
            .map(|request| request.presented)
            .collect()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.state()
            .requests
            .iter()
            .filter(|one| one.path == path)
            .count()
    }

    /// How often a spent refresh token was used again.
    pub(crate) fn reused(&self) -> u32 {
        self.state().reused
    }

    /// Revokes the access tokens, and no refresh token.
    pub(crate) fn revoke_access_tokens(&self) {
        self.state().access.clear();
    }

    /// Whether an API accepts this access token now.
    pub(crate) fn accepts(&self, access: &Secret) -> bool {
        let state = self.state();
        let until = state.access.get(access.expose());
        until.is_some_and(|until| *until > Instant::now())
    }

    /// Returns the grant's refresh token.
    pub(crate) fn current_refresh_token(&self) -> String {
        self.state().refresh.clone()
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.state().dead
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl HttpClient for AcmeServer {
    async fn send(
        &self,
        request: Request<Bytes>,
        _within: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        let requests = ReceivedRequest::of(&request);
        let (fault, latency) = {
            let mut state = self.state();
            let fault = state.script.pop_front();
            let fault = fault.or_else(|| state.outages.get(requests.path.as_str()).cloned());
            let fault = fault.or_else(|| state.outage.clone());
            if !matches!(fault, Some(Fault::Unsent(_))) {
                state.requests.push(requests.clone());
            }
            (fault, state.latency)
        };
        // tidy: sleeps because that is the latency; each test that uses it pauses time
        tokio::time::sleep(latency).await;
        self.end(&requests, fault).await
    }
}

impl AcmeServer {
    async fn end(
        &self,
        requests: &ReceivedRequest,
        fault: Option<Fault>,
    ) -> Result<Response<Bytes>, SendError> {
        let lost = || Err(SendError::maybe_sent(SendFailure::Interrupted));
        match fault {
            None => Ok(self.state().act(requests)),
            Some(Fault::Unsent(failure)) => Err(SendError::before_sending(failure)),
            Some(Fault::Lost(When::BeforeProcessing)) => lost(),
            Some(Fault::Lost(When::AfterProcessing)) => {
                self.state().act(requests);
                lost()
            }
            Some(Fault::Answer(status, headers, body)) => {
                let mut response = self.state().answer(status, &body);
                for (name, value) in headers {
                    response.headers_mut().insert(*name, value.parse().unwrap());
                }
                Ok(response)
            }
            Some(Fault::Cut) => Ok(self
                .state()
                .act(requests)
                .map(|body| body.slice(..body.len() / 2))),
            Some(Fault::Same) => Ok(self.state().tell(true)),
            Some(Fault::NoRefresh) => {
                let mut state = self.state();
                state.issue();
                Ok(state.tell(false))
            }
            Some(Fault::Held(When::BeforeProcessing, gate)) => {
                gate.wait().await;
                Ok(self.state().act(requests))
            }
            Some(Fault::Held(When::AfterProcessing, gate)) => {
                let answer = self.state().act(requests);
                gate.wait().await;
                Ok(answer)
            }
        }
    }
}

impl fmt::Debug for AcmeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcmeServer")
    }
}
