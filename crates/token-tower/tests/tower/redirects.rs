//! Redirects to another host.

use token_tower::TokenLayer;
use token_tower::token_core::reexports::http::{HeaderName, StatusCode};
use token_tower::token_core::{ErrorKind, TokenPlacement};
use tower::{Layer, ServiceBuilder};
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::service::{Api, Received, Whole, api, get, kind, reply, send};
use crate::vendor::TokenServer;

const API: &str = "https://api.acme.example";
const ELSEWHERE: &str = "https://other.example/";

/// A layer for a token in a header that only this vendor has.
fn layer(tokens: &TokenServer) -> TokenLayer {
    let header = HeaderName::from_static("apim-accesstoken");
    let cache = tokens.builder(API, TokenPlacement::Header(header));
    TokenLayer::new(cache.build().unwrap())
}

/// An API that redirects to another host, and that host.
fn redirecting() -> (Api<Whole>, Received) {
    api(|parts| {
        let is_elsewhere = parts.uri.host() == Some("other.example");
        let mut reply = reply(if is_elsewhere { 200 } else { 302 }, "");
        let location = ELSEWHERE.parse().unwrap();
        reply.headers_mut().insert("location", location);
        reply
    })
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (service, received) = redirecting();
    let service = layer(&TokenServer::default()).layer(service);
    let response = send(&service, get(API)).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(received.count(), 1);
}

#[tokio::test]
async fn above_the_layer_a_redirect_to_another_host_gets_no_token() {
    let (service, received) = redirecting();
    let service = ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .layer(layer(&TokenServer::default()))
        .service(service);
    assert_eq!(kind(send(&service, get(API)).await), ErrorKind::Config);
    assert_eq!(received.count(), 1);
}
