//! Checks that nothing that is logged at TRACE contains a secret, by the layer or by the client
//! below it. This is its own test binary, because collectors are global.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use oauth2_refresh::OAuth2;
use token_testkit::ProgramLog;
use token_tower::TokenLayer;
use token_tower::token_cache::TokenCache;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Request, Response, Version};
use token_tower::token_core::{BaseUrl, PlainHttp, http_fn};
use tower::{Layer, ServiceExt};
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRETS: [&str; 4] = [
    "token-s3cr3t",
    "client-s3cr3t",
    "request-s3cr3t",
    "response-s3cr3t",
];

fn cache(api: &str) -> TokenCache {
    let endpoint = OAuth2::builder("https://id.example.com")
        .client_id("app")
        .client_secret("client-s3cr3t")
        .client_credentials()
        .build()
        .unwrap();
    let issued = AtomicUsize::new(0);
    let server = http_fn(move |_| {
        let number = issued.fetch_add(1, Ordering::SeqCst);
        let token = format!(r#"{{"access_token":"token-s3cr3t-{number}","token_type":"Bearer"}}"#);
        async move { Ok::<_, Infallible>(Response::new(token.into())) }
    });
    let origin = BaseUrl::parse(api, PlainHttp::Allowed).unwrap().origin();
    let builder = TokenCache::builder(endpoint).http_client(server);
    builder.api_origin(origin).build().unwrap()
}

/// An API that accepts this token alone.
async fn api(accepted: &str) -> MockServer {
    let api = MockServer::start().await;
    let refused = ResponseTemplate::new(401).set_body_string("response-s3cr3t");
    Mock::given(header("authorization", format!("Bearer {accepted}")))
        .respond_with(ResponseTemplate::new(200).set_body_string("response-s3cr3t"))
        .with_priority(1)
        .mount(&api)
        .await;
    Mock::given(any()).respond_with(refused).mount(&api).await;
    api
}

/// Sends a request, and returns all that can be printed of what came of it.
async fn send(api: &MockServer, version: Version) -> String {
    let mut client = Client::builder(TokioExecutor::new());
    let client = client.http2_only(version == Version::HTTP_2).build_http();
    let service = TokenLayer::new(cache(&api.uri())).layer(client);
    let printed = format!("{service:?}");
    let request = Request::post(api.uri()).body(Full::<Bytes>::from("request-s3cr3t"));
    let (result, outcome) = match service.oneshot(request.unwrap()).await {
        Ok(response) => (
            format!("{response:?}"),
            response.into_body().collect().await,
        ),
        Err(error) => return format!("{printed} {error:?} {error}"),
    };
    assert_eq!(outcome.unwrap().to_bytes(), "response-s3cr3t");
    format!("{printed} {result}")
}

#[tokio::test]
async fn nothing_that_is_logged_or_printed_contains_a_secret() {
    let log = ProgramLog::begin().unwrap();
    let mut printed = String::new();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let accepting = send(&api("token-s3cr3t-1").await, version).await;
        assert!(accepting.contains("200"), "{accepting}");
        let refusing = send(&api("token-s3cr3t-9").await, version).await;
        assert!(refusing.contains("RefusedAgain"), "{refusing}");
        printed.extend([accepting, refusing]);
    }
    let log = log.text();
    for target in [" hyper_util::client::legacy", " h2::"] {
        assert!(log.contains(target), "{target} logged nothing");
    }
    let both = [log, printed].concat();
    for secret in SECRETS {
        let found = both.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}
