//! HTTP/1.1 on the listening sockets.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::answer::Refusal;
use super::bearer::Bearer;
use super::connections::{Closed, Connections, Place};
use super::guard::Guard;
use super::listener::{Listener, Stream};
use super::routes;
use super::served::Served;
use crate::failure::say;

/// How long a client may take to send a request's header, and how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take: longer than a token is waited for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);
/// The most that is read before the end of a header.
const MAX_HEADER: usize = 16 * 1024;
/// How long nothing is accepted if the process has no descriptor left.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);
/// What a client gets if all connections have a request under way.
const ALL_BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// What is served, on any number of addresses.
#[derive(Clone)]
pub(super) struct Server {
    served: Arc<Served>,
    max_connections: usize,
}

impl Server {
    pub(super) fn new(served: Served, max_connections: usize) -> Self {
        Self {
            served: Arc::new(served),
            max_connections,
        }
    }

    pub(super) fn served(&self) -> &Arc<Served> {
        &self.served
    }

    /// Accepts connections until the program ends, and completes the requests under way.
    pub(super) async fn accept(
        self,
        listener: Listener,
        bearer: Option<Arc<Bearer>>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let guard = match listener.is_tcp() {
            true => Guard::OfLoopback(bearer),
            false => Guard::OfThisUser,
        };
        let router = routes::router(Arc::clone(&self.served), guard);
        let connections = Connections::at_most(self.max_connections);
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = tasks.join_next(), if !tasks.is_empty() => continue,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    say(&format!("no connection was accepted: {error}"));
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                    continue;
                }
            };
            match connections.enter() {
                Some((place, closed)) => {
                    let connection = Connection { place, closed };
                    tasks.spawn(connection.serve(stream, router.clone(), stopped.clone()));
                }
                None => tell_busy(stream).await,
            }
        }
        drop(listener);
        tasks.join_all().await;
    }
}

/// One connection.
struct Connection {
    place: Place,
    closed: Closed,
}

impl Connection {
    async fn serve(
        self,
        stream: Box<dyn Stream>,
        router: Router,
        mut stopped: watch::Receiver<bool>,
    ) {
        let router = TowerToHyperService::new(router);
        let Self { place, closed } = self;
        let service = service_fn(|request: Request<Incoming>| {
            let (busy, answered) = (place.busy(), router.call(request));
            async move {
                let answered = tokio::time::timeout(REQUEST_TIMEOUT, answered).await;
                drop(busy);
                answered.unwrap_or_else(|_| Ok(too_slow()))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEADER)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        // How a connection breaks is its client's matter.
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = closed => return,
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        drop(connection.await);
    }
}

fn too_slow() -> Response {
    Refusal::request_timeout().into_response()
}

/// Answers one connection too many, if its client reads at once.
async fn tell_busy(mut stream: Box<dyn Stream>) {
    let told = async {
        stream.write_all(ALL_BUSY).await?;
        stream.shutdown().await
    };
    drop(tokio::time::timeout(AFTER_FAILED_ACCEPT, told).await);
}
