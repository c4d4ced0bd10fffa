//! How far a request got: whether its connection was ready when it failed.
//!
//! reqwest reports "could not connect", but not "was still connecting at the timeout". So the
//! connector is wrapped and records in a task-local variable of the sending task whether it has
//! started and whether it has finished. That proves nothing for a request that may use a kept
//! connection: it takes the first that becomes free, also while its own connector is at work.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static CONNECTOR: Connector;
}

/// The connections that a request may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connections {
    /// A new one for each request.
    New,
    /// Also those of earlier requests.
    Kept,
}

/// How far one request got; it is empty before the request is handed to a client. It never changes:
/// the first connection may have carried bytes, whatever happens on a second one.
#[derive(Default)]
pub(crate) struct Stage(OnceLock<Sending>);

/// What tells how far a request got that reqwest has.
enum Sending {
    OverNew(Connector),
    OverKept,
}

/// How far the connector of one request got. It begins with 0, since it was not called.
#[derive(Clone, Default)]
struct Connector(Arc<AtomicU8>);

const CONNECTING: u8 = 1;
const CONNECTED: u8 = 2;

impl Stage {
    /// Runs `work`, which hands the request to a client with these connections, so that the
    /// connector that it calls records its progress here.
    pub(crate) async fn observe<W: Future>(&self, connections: Connections, work: W) -> W::Output {
        match connections {
            Connections::New => CONNECTOR.scope(self.over_new(), work).await,
            Connections::Kept => {
                self.0.get_or_init(|| Sending::OverKept);
                work.await
            }
        }
    }

    fn over_new(&self) -> Connector {
        let connector = Connector::default();
        self.0.get_or_init(|| Sending::OverNew(connector.clone()));
        connector
    }

    /// Returns whether certainly no byte of the request left. If the connector was never called,
    /// that is not certain: an existing connection may have been used.
    pub(crate) fn proves_nothing_left(&self) -> bool {
        match self.0.get() {
            None => true,
            Some(Sending::OverNew(connector)) => connector.is_connecting(),
            Some(Sending::OverKept) => false,
        }
    }
}

impl Connector {
    fn reach(&self, progress: u8) {
        self.0.fetch_max(progress, Ordering::AcqRel);
    }

    fn is_connecting(&self) -> bool {
        self.0.load(Ordering::Acquire) == CONNECTING
    }

    fn current() -> Self {
        CONNECTOR.try_with(Clone::clone).unwrap_or_default()
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
        let progress = Connector::current();
        progress.reach(CONNECTING);
        let connection = self.connector.call(destination);
        Box::pin(async move {
            let connection = connection.await?;
            progress.reach(CONNECTED);
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_no_client_has_has_not_left() {
        assert!(Stage::default().proves_nothing_left());
    }

    #[test]
    fn a_connector_that_was_never_called_proves_nothing() {
        let stage = Stage::default();
        let connector = stage.over_new();
        assert!(!stage.proves_nothing_left());
        connector.reach(CONNECTING);
        assert!(stage.proves_nothing_left());
    }

    #[tokio::test]
    async fn nothing_is_proved_if_a_kept_connection_may_be_used() {
        let stage = Stage::default();
        stage.observe(Connections::Kept, async {}).await;
        assert!(!stage.proves_nothing_left());
        let connects = async { Connector::current().reach(CONNECTING) };
        stage.observe(Connections::New, connects).await;
        assert!(!stage.proves_nothing_left());
    }

    #[test]
    fn a_second_connection_does_not_undo_the_first() {
        let stage = Stage::default();
        let connector = stage.over_new();
        for reached in [CONNECTING, CONNECTED, CONNECTING] {
            connector.reach(reached);
        }
        assert!(!stage.proves_nothing_left());
    }
}
