//! A refresh token is sent once, whatever reqwest and hyper would retry.

use reqwest::redirect::Policy;
use token_core::{HttpClient, SendFailure};
use token_reqwest::ReqwestClient;

use crate::clients::raw::{
    MINUTE, RawServer, TOKEN, answer_of, assert_in_doubt, refresh, send_refresh,
};

/// Retries every failure.
fn stubborn() -> reqwest::ClientBuilder {
    let again = reqwest::retry::for_host("127.0.0.1")
        .no_budget()
        .classify_fn(|seen| match seen.error() {
            Some(_) => seen.retryable(),
            None => seen.success(),
        });
    let settings = reqwest::Client::builder().no_proxy();
    settings.redirect(Policy::none()).retry(again)
}

async fn swallowing() -> RawServer {
    RawServer::start(|mut wire| async move {
        wire.request().await;
    })
    .await
}

#[tokio::test]
async fn this_server_sees_a_token_twice_when_reqwest_may_retry() {
    let server = swallowing().await;
    let own = stubborn().build().unwrap();
    let sent = own.post(server.url("/t")).body(TOKEN).send().await;
    assert!(sent.is_err());
    assert!(server.heard().count(TOKEN) > 1);
}

#[tokio::test]
async fn a_retry_policy_of_the_program_sends_a_token_once() {
    let tamed = ReqwestClient::from_builder(stubborn).unwrap();
    let untamed = ReqwestClient::from_client(stubborn().build().unwrap()).unwrap();
    for client in [tamed, untamed] {
        let server = swallowing().await;
        let error = send_refresh(&client, &server.url("/t")).await.unwrap_err();
        assert_in_doubt(&error, SendFailure::Interrupted);
        assert_eq!(server.heard().count(TOKEN), 1);
        assert_eq!(server.heard().all().len(), 1);
    }
}

#[tokio::test]
async fn a_request_without_a_body_is_sent_once_too() {
    let client = ReqwestClient::from_client(stubborn().build().unwrap()).unwrap();
    let server = swallowing().await;
    let mut get = refresh(&server.url("/t")).map(|_| bytes::Bytes::new());
    *get.method_mut() = http::Method::GET;
    client.send(get, MINUTE).await.unwrap_err();
    assert_eq!(server.heard().count("query-s3cr3t"), 1);
}

#[tokio::test]
async fn every_request_has_its_own_connection() {
    let server = RawServer::answering(answer_of("{}")).await;
    let client = ReqwestClient::new().unwrap();
    for _ in 0..3 {
        send_refresh(&client, &server.url("/t")).await.unwrap();
    }
    assert_eq!(server.heard().all().len(), 3);
}

fn pooled() -> ReqwestClient {
    let own = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none());
    ReqwestClient::from_client(own.build().unwrap()).unwrap()
}

#[tokio::test]
async fn a_reused_connection_that_breaks_with_a_token_is_in_doubt() {
    let server = RawServer::that_breaks_at_a_second_request().await;
    let client = pooled();
    send_refresh(&client, &server.url("/first")).await.unwrap();
    let error = send_refresh(&client, &server.url("/second"))
        .await
        .unwrap_err();
    assert_in_doubt(&error, SendFailure::Interrupted);
    assert_eq!(server.heard().all().len(), 1, "the connection was not kept");
    assert_eq!(server.heard().count("POST /second"), 1);
}

// hyper resends a request by itself if the pool's connection was closed before the request started
#[tokio::test]
async fn a_reused_connection_that_the_server_closed_never_sends_a_token_twice() {
    for _ in 0..50 {
        let (server, close) = RawServer::closing_when_told().await;
        let client = pooled();
        send_refresh(&client, &server.url("/first")).await.unwrap();
        close.notify_one();
        let second = client.send(refresh(&server.url("/second")), MINUTE);
        let (second, ()) = tokio::join!(second, async { close.notify_one() });
        let seen = server.heard().count("POST /second");
        match second {
            Ok(_) => assert_eq!(seen, 1),
            Err(error) => assert!(seen <= 1 && error.may_have_left(), "{seen}: {error}"),
        }
    }
}
