//! Kept connections: for requests that are marked as repeatable, and for no other.

use std::time::Duration;

use crate::Client;
use bytes::Bytes;
use http::{Request, Response};
use token_core::{HttpClient, Repeatable, SendError, SendFailure};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::rustls::version::TLS13;

use super::authority::{Authority, Clients, configured, serving};
use super::raw::{MINUTE, RawServer, answer_of, assert_in_doubt, refresh, send_refresh};

pub(crate) fn marked(url: &str) -> Request<Bytes> {
    let mut request = refresh(url);
    request.extensions_mut().insert(Repeatable);
    request
}

pub(crate) async fn send_marked(client: &Client, url: &str) -> Result<Response<Bytes>, SendError> {
    client.send(marked(url), MINUTE).await
}

/// A runtime that is driven only while something is sent on it.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A runtime with so many threads.
pub(crate) fn driven(threads: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(threads).enable_all();
    builder.build().unwrap()
}

/// Sends a request on this runtime, and returns how many connections the server has seen.
pub(crate) fn connections_after(runtime: &Runtime, client: &Client, server: &RawServer) -> usize {
    let sent = runtime.block_on(send_marked(client, &server.url("/t")));
    sent.unwrap();
    server.heard().all().len()
}

pub(crate) async fn answering() -> RawServer {
    RawServer::answering(answer_of("{}")).await
}

#[tokio::test]
async fn repeatable_requests_one_after_the_other_share_a_connection() {
    let server = answering().await;
    let client = Client::new().unwrap();
    for _ in 0..100 {
        send_marked(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 1);
}

#[tokio::test]
async fn the_server_is_asked_to_close_a_connection_that_is_not_kept() {
    let server = answering().await;
    let client = Client::new().unwrap();
    let closes = || server.heard().count("connection: close\r\n");
    send_marked(&client, &server.url("/t")).await.unwrap();
    assert_eq!(closes(), 0);
    send_refresh(&client, &server.url("/t")).await.unwrap();
    assert_eq!(closes(), 1);
}

#[tokio::test]
async fn all_callers_of_the_process_share_its_client() {
    let server = answering().await;
    for _ in 0..2 {
        let client = Client::shared().unwrap();
        send_marked(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 1);
}

#[tokio::test]
async fn any_other_request_has_a_connection_of_its_own() {
    let server = answering().await;
    let client = Client::new().unwrap();
    send_marked(&client, &server.url("/t")).await.unwrap();
    for _ in 0..100 {
        send_refresh(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 101);
    send_marked(&client, &server.url("/t")).await.unwrap();
    assert!(server.heard().all().len() <= 102);
}

#[tokio::test]
async fn a_connection_is_kept_over_tls() {
    let authority = Authority::new();
    let config = configured(&authority, "127.0.0.1", &Clients::Anonymous, &TLS13);
    let server = serving(config).await;
    let client = Client::builder()
        .add_root_certificates_pem(&authority.pem())
        .build()
        .unwrap();
    let url = format!("https://{}/t", server.address());
    for _ in 0..10 {
        send_marked(&client, &url).await.unwrap();
    }
    assert_eq!(server.heard().count("POST"), 10);
    let used = server.heard().all();
    assert_eq!(used.iter().filter(|said| said.contains("POST")).count(), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_will_close_is_not_kept() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let server = RawServer::answering(answer).await;
    let client = Client::new().unwrap();
    for _ in 0..3 {
        send_marked(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 3);
}

/// Lets the client's timers believe that this time passed.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_connection_that_was_idle_for_a_second_is_not_used() {
    let server = answering().await;
    let client = Client::new().unwrap();
    for (idle, connections) in [(0, 1), (500, 1), (1_001, 2), (500, 2)] {
        pass(Duration::from_millis(idle)).await;
        send_marked(&client, &server.url("/t")).await.unwrap();
        assert_eq!(server.heard().all().len(), connections, "{idle} ms");
    }
}

#[tokio::test]
async fn a_repeatable_request_on_a_connection_that_breaks_is_in_doubt() {
    let server = RawServer::that_breaks_at_a_second_request().await;
    let client = Client::new().unwrap();
    send_marked(&client, &server.url("/first")).await.unwrap();
    let second = send_marked(&client, &server.url("/second")).await;
    assert_in_doubt(&second.unwrap_err(), SendFailure::Interrupted);
    assert_eq!(server.heard().all().len(), 1, "the connection was not kept");
    assert_eq!(server.heard().count("POST /second"), 1);
}
