//! The HTTP client of an endpoint: ours over reqwest, with a record of when something was sent and
//! which secrets it contained.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::reexports::http::{Request, Response};
use token_core::reexports::{Bytes, async_trait};
use token_core::{Clock as _, HttpClient, SendError, Timestamp};
use token_testkit::ManualClock;
use vendor_auth::ReqwestClient;

use super::known_secrets::KnownSecrets;

/// Sends over real sockets and records that it did.
#[derive(Clone)]
pub(crate) struct RecordingClient {
    http: Arc<ReqwestClient>,
    clock: ManualClock,
    known_secrets: KnownSecrets,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Timestamp,
    pub(crate) answered: bool,
}

impl RecordingClient {
    /// Returns a client with an empty record.
    pub(crate) fn new(
        clock: ManualClock,
        known_secrets: KnownSecrets,
    ) -> Result<Self, token_core::BuildError> {
        Ok(Self {
            http: Arc::new(ReqwestClient::new()?),
            clock,
            known_secrets,
            sent: Arc::default(),
        })
    }

    /// Returns the same client with its own record.
    pub(crate) fn apart(&self) -> Self {
        Self {
            sent: Arc::default(),
            ..self.clone()
        }
    }

    /// Returns everything that was sent so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.record().clone()
    }

    /// Returns how many requests were sent so far.
    pub(crate) fn count(&self) -> usize {
        self.record().len()
    }

    fn record(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_secrets_of(&self, request: &Request<Bytes>) {
        self.known_secrets.keep_headers(request.headers());
        self.known_secrets
            .keep_parameters(request.uri().query().unwrap_or_default());
        self.known_secrets
            .keep_parameters(&String::from_utf8_lossy(request.body()));
        self.known_secrets.keep_json(request.body());
    }
}

#[async_trait]
impl HttpClient for RecordingClient {
    async fn send(
        &self,
        request: Request<Bytes>,
        within: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        self.keep_secrets_of(&request);
        let at = self.clock.now().wall;
        let outcome = self.http.send(request, within).await;
        if let Ok(answer) = &outcome {
            self.known_secrets.keep_json(answer.body());
        }
        let answered = outcome.is_ok();
        self.record().push(Sent { at, answered });
        outcome
    }
}

impl std::fmt::Debug for RecordingClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({:?}, {} sent)", self.http, self.count())
    }
}
