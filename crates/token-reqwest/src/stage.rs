//! How far a request got: whether its connection was ready when it failed.
//!
//! reqwest reports "could not connect", but not "was still connecting at the timeout". So the
//! connector is wrapped and records in a task-local variable of the sending task whether it has
//! started and whether it has finished. That proves nothing for a request that may use a kept
//! connection: it takes the first that becomes free, also while its own connector is at work.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static STAGE: Stage;
}

/// It waits for other requests to its host.
const WAITING: u8 = 0;
/// reqwest has it; the connector was not called.
const SENDING: u8 = 1;
const CONNECTING: u8 = 2;
/// It has a connection, or may have.
const CONNECTED: u8 = 3;

/// The connections that a request may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connections {
    /// A new one for each request.
    New,
    /// Also those of earlier requests.
    Kept,
}

/// How far one request got. It never goes back: the first connection may have carried bytes,
/// whatever happens on a second one.
#[derive(Clone, Default)]
pub(crate) struct Stage(Arc<AtomicU8>);

impl Stage {
    /// Runs `work` so that the connector that it calls records its progress here.
    pub(crate) fn observe<W: Future>(&self, work: W) -> impl Future<Output = W::Output> + use<W> {
        STAGE.scope(self.clone(), work)
    }

    /// Records that the request is handed to a client with these connections.
    pub(crate) fn hand_over(&self, connections: Connections) {
        self.reach(match connections {
            Connections::New => SENDING,
            Connections::Kept => CONNECTED,
        });
    }

    /// Returns whether certainly no byte of the request left. If the connector was never called,
    /// that is not certain: an existing connection may have been used.
    pub(crate) fn proves_nothing_left(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), WAITING | CONNECTING)
    }

    /// Returns whether the request waits for others.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Acquire) == WAITING
    }

    fn reach(&self, stage: u8) {
        self.0.fetch_max(stage, Ordering::AcqRel);
    }

    fn current() -> Self {
        STAGE.try_with(Clone::clone).unwrap_or_default()
    }
}

/// Wraps reqwest's connector, which covers name resolution, socket, proxy and TLS.
#[derive(Clone, Copy)]
pub(crate) struct NoteConnecting;

impl<S> Layer<S> for NoteConnecting {
    type Service = Noted<S>;

    fn layer(&self, connector: S) -> Noted<S> {
        Noted { connector }
    }
}

#[derive(Clone)]
pub(crate) struct Noted<S> {
    connector: S,
}

impl<S, R> Service<R> for Noted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let stage = Stage::current();
        stage.reach(CONNECTING);
        let connection = self.connector.call(destination);
        Box::pin(async move {
            let connection = connection.await?;
            stage.reach(CONNECTED);
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waits_has_not_left() {
        assert!(Stage::default().proves_nothing_left());
    }

    #[test]
    fn a_connector_that_was_never_called_proves_nothing() {
        let stage = Stage::default();
        stage.hand_over(Connections::New);
        assert!(!stage.proves_nothing_left());
        stage.reach(CONNECTING);
        assert!(stage.proves_nothing_left());
    }

    #[test]
    fn nothing_is_proved_if_a_kept_connection_may_be_used() {
        let stage = Stage::default();
        stage.hand_over(Connections::Kept);
        assert!(!stage.proves_nothing_left());
    }

    #[test]
    fn a_second_connection_does_not_undo_the_first() {
        let stage = Stage::default();
        for reached in [CONNECTING, CONNECTED, CONNECTING] {
            stage.reach(reached);
        }
        assert!(!stage.proves_nothing_left());
    }
}
