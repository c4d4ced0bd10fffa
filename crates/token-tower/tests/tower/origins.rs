//! Where the token goes.

use http_body_util::Full;
use token_tower::TokenLayer;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Request, StatusCode};
use token_tower::token_core::{ErrorKind, TokenPlacement};
use tower::Layer;

use crate::service::{api, failure, get, kind, reply, send};
use crate::vendor::{TokenServer, origin};

const API: &str = "https://api.acme.example";

#[tokio::test]
async fn the_token_goes_to_no_other_scheme_host_or_port() {
    let tokens = TokenServer::default();
    let (service, received) = api(|_| reply(200, ""));
    let service = TokenLayer::new(tokens.cache(API)).layer(service);
    for uri in [
        "http://api.acme.example/things",
        "https://api.acme.example:8443/things",
        "https://other.example/things",
        "https://api.acme.example.evil.example/",
        "https://api.acme.example@evil.example/",
        "/things",
        "*",
    ] {
        let error = failure(send(&service, get(uri)).await);
        assert_eq!(error.kind(), ErrorKind::Config, "{uri}: {error}");
    }
    assert_eq!((received.count(), tokens.issued()), (0, 0));
    send(&service, get("https://api.acme.example/things"))
        .await
        .unwrap();
    assert_eq!(received.count(), 1);
}

#[tokio::test]
async fn a_named_api_gets_the_token_too() {
    let tokens = TokenServer::default();
    let cache = tokens.builder(API, TokenPlacement::Bearer);
    let cache = cache.api_url("https://other.example").build().unwrap();
    let (service, received) = api(|_| reply(200, ""));
    let service = TokenLayer::new(cache).layer(service);
    send(&service, get("https://other.example/things"))
        .await
        .unwrap();
    assert!(tokens.accepts(&received.parts(0).headers));
}

#[tokio::test]
async fn a_request_without_a_host_goes_where_the_layer_says_and_keeps_its_uri() {
    let tokens = TokenServer::default();
    let cache = tokens.cache(API);
    let (service, received) = api(|_| reply(200, ""));
    let service = TokenLayer::new(cache)
        .for_origin(&origin(API))
        .layer(service);
    for uri in ["/acme.Things/List", "/", "/things?page=2"] {
        send(&service, get(uri)).await.unwrap();
        let parts = received.parts(received.count() - 1);
        assert_eq!(parts.uri, uri);
        assert_eq!(parts.uri.authority(), None);
        assert!(tokens.accepts(&parts.headers));
    }
    let elsewhere = send(&service, get("https://other.example/")).await;
    assert_eq!(kind(elsewhere), ErrorKind::Config);
}

#[tokio::test]
async fn an_origin_that_the_endpoint_does_not_have_gets_no_token() {
    let tokens = TokenServer::default();
    let cache = tokens.cache(API);
    let (service, received) = api(|_| reply(200, ""));
    let elsewhere = origin("https://other.example");
    let service = TokenLayer::new(cache).for_origin(&elsewhere).layer(service);
    assert_eq!(
        kind(send(&service, get("/things")).await),
        ErrorKind::Config
    );
    assert_eq!((received.count(), tokens.issued()), (0, 0));
}

#[tokio::test]
async fn a_token_in_the_query_is_replaced_for_the_second_send() {
    let tokens = TokenServer::default();
    let cache = tokens.builder(API, TokenPlacement::Query("token".into()));
    let judge = tokens.clone();
    let (service, received) = api(move |parts| {
        let token = parts.uri.query().and_then(|it| it.rsplit('=').next());
        match token.is_some_and(|token| judge.is_live(token)) {
            true => reply(200, ""),
            false => reply(401, ""),
        }
    });
    let layer = TokenLayer::new(cache.build().unwrap()).for_origin(&origin(API));
    let service = layer.layer(service);
    send(&service, get("/things?page=2")).await.unwrap();
    tokens.revoke();
    let response = send(&service, get("/things?page=2")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let sent = [1, 2].map(|index| received.parts(index).uri.to_string());
    assert_eq!(
        sent,
        [
            "/things?page=2&token=s3cr3t-token-1",
            "/things?page=2&token=s3cr3t-token-2"
        ]
    );
}

#[tokio::test]
async fn a_token_in_a_form_needs_the_body_in_one_piece() {
    let tokens = TokenServer::default();
    let cache = tokens.builder(API, TokenPlacement::Form("token".into()));
    let judge = tokens.clone();
    let refused_once = move |_: &_| match judge.is_live("s3cr3t-token-1") {
        true => {
            judge.revoke();
            reply(401, "")
        }
        false => reply(200, ""),
    };
    let (service, received) = api(refused_once);
    let service = TokenLayer::new(cache.build().unwrap()).layer(service);
    let request = Request::post(format!("{API}/things"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from("page=2"))
        .unwrap();
    send(&service, request).await.unwrap();
    let bodies = ["page=2&token=s3cr3t-token-1", "page=2&token=s3cr3t-token-2"];
    assert_eq!(received.bodies(), bodies.map(Bytes::from));
}
