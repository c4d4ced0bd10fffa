//! gRPC states its status in headers or in trailers.

use http_body_util::{BodyExt, Full};
use token_tower::TokenLayer;
use token_tower::token_core::ErrorKind;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{HeaderMap, Response};
use tower::{Layer, service_fn};

use crate::service::{Reply, Whole, api, get, kind, reply, send};
use crate::vendor::TokenServer;

const API: &str = "https://api.acme.example";

/// A response without messages.
fn trailers_only(status: &'static str) -> Reply {
    let mut reply = reply(200, "");
    let headers = reply.headers_mut();
    headers.insert("content-type", "application/grpc".parse().unwrap());
    headers.insert("grpc-status", status.parse().unwrap());
    reply
}

fn refusing(tokens: &TokenServer) -> (crate::service::Api<Whole>, crate::service::Received) {
    let tokens = tokens.clone();
    api(move |parts| match tokens.accepts(&parts.headers) {
        true => trailers_only("0"),
        false => trailers_only("16"),
    })
}

#[tokio::test]
async fn an_unauthenticated_call_is_sent_again_and_only_if_the_layer_knows_grpc() {
    for (knows_grpc, sent, status) in [(true, 2, "0"), (false, 1, "16")] {
        let tokens = TokenServer::default();
        let (service, received) = refusing(&tokens);
        let cache = tokens.cache(API);
        cache.token().await.unwrap();
        tokens.revoke();
        let layer = TokenLayer::new(cache);
        let layer = if knows_grpc { layer.grpc() } else { layer };
        let response = send(&layer.layer(service), get(API)).await.unwrap();
        assert_eq!(received.count(), sent);
        assert_eq!(response.headers()["grpc-status"], status);
    }
}

#[tokio::test]
async fn a_call_that_is_always_unauthenticated_is_an_error_of_its_own() {
    let (service, received) = api(|_| trailers_only("16"));
    let layer = TokenLayer::new(TokenServer::default().cache(API)).grpc();
    let refused = send(&layer.layer(service), get(API)).await;
    assert_eq!(kind(refused), ErrorKind::RefusedAgain);
    assert_eq!(received.count(), 2);
}

#[tokio::test]
async fn other_statuses_are_returned() {
    for status in ["1", "5", "7", "8", "14", "x"] {
        let tokens = TokenServer::default();
        let (service, received) = api(move |_| trailers_only(status));
        let layer = TokenLayer::new(tokens.cache(API)).grpc();
        let response = send(&layer.layer(service), get(API)).await.unwrap();
        assert_eq!(response.headers()["grpc-status"], status);
        assert_eq!((received.count(), tokens.issued()), (1, 1));
    }
}

#[tokio::test]
async fn a_status_after_messages_is_no_refusal() {
    let tokens = TokenServer::default();
    let layer = TokenLayer::new(tokens.cache(API)).grpc();
    let service = layer.layer(service_fn(|_: Whole| async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "16".parse().unwrap());
        let body = Full::<Bytes>::from("message").with_trailers(async move { Some(Ok(trailers)) });
        Ok::<_, crate::service::BoxError>(Response::new(Box::pin(body)))
    }));
    let response = send(&service, get(API)).await.unwrap();
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "16");
    assert_eq!(tokens.issued(), 1);
}
