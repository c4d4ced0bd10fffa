//! The contract of `poll_ready`.

use std::time::Duration;

use token_tower::TokenLayer;
use token_tower::token_core::reexports::http::StatusCode;
use tokio::time::timeout;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_test::mock::{Handle, spawn_layer};

use crate::service::{Reply, Whole, api, get, reply};
use crate::vendor::TokenServer;

const API: &str = "https://api.acme.example";
const MINUTE: Duration = Duration::from_secs(60);

type Api = Handle<Whole, Reply>;

async fn answer(api: &mut Api, status: u16) -> String {
    let (request, respond) = api.next_request().await.unwrap();
    respond.send_response(reply(status, ""));
    let value = request.headers()["authorization"].to_str();
    value.unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_layer_is_ready_when_the_inner_service_is() {
    let layer = TokenLayer::new(TokenServer::default().cache(API));
    let (mut service, mut api): (_, Api) = spawn_layer(layer);
    api.allow(0);
    assert!(service.poll_ready().is_pending());
    api.allow(1);
    assert!(service.is_woken());
    assert!(service.poll_ready().is_ready());
    api.send_error("the API has closed the connection");
}

#[tokio::test(start_paused = true)]
async fn the_second_send_waits_until_the_inner_service_is_ready_again() {
    let layer = TokenLayer::new(TokenServer::default().cache(API));
    let (mut service, mut api): (_, Api) = spawn_layer(layer);
    api.allow(1);
    assert!(service.poll_ready().is_ready());
    // The mock panics if it is called without having said that it is ready.
    let mut calling = tokio::spawn(service.call(get(API)));
    assert_eq!(answer(&mut api, 401).await, "Bearer s3cr3t-token-1");
    assert!(timeout(MINUTE, &mut calling).await.is_err(), "it must wait");
    api.allow(1);
    assert_eq!(answer(&mut api, 200).await, "Bearer s3cr3t-token-2");
    let response = calling.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_fails_before_the_second_send_is_the_error() {
    let layer = TokenLayer::new(TokenServer::default().cache(API));
    let (mut service, mut api): (_, Api) = spawn_layer(layer);
    api.allow(1);
    assert!(service.poll_ready().is_ready());
    let calling = tokio::spawn(service.call(get(API)));
    let (_, respond) = api.next_request().await.unwrap();
    api.send_error("the API has closed the connection");
    respond.send_response(reply(401, ""));
    let error = calling.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the API has closed the connection");
}

#[tokio::test(start_paused = true)]
async fn one_slot_is_enough_for_both_sends() {
    let tokens = TokenServer::default();
    let judge = tokens.clone();
    let (service, received) = api(move |parts| match judge.accepts(&parts.headers) {
        true => reply(200, ""),
        false => reply(401, ""),
    });
    let mut service = ServiceBuilder::new()
        .layer(TokenLayer::new(tokens.cache(API)))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service);
    // The service stays: a slot that it reserved and did not use would be missing.
    for _ in 0..2 {
        let call = service.ready().await.unwrap().call(get(API));
        let response = timeout(MINUTE, call).await.expect("it has its slot");
        assert_eq!(response.unwrap().status(), StatusCode::OK);
        tokens.revoke();
    }
    assert_eq!(received.count(), 3);
}
