//! Checks that nothing logs the token of an API request, even at TRACE. This is its own test
//! binary, because collectors are global.
#![cfg(all(feature = "rustls", feature = "middleware"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use token_cache::TokenCache;
use token_core::TokenPlacement;
use token_reqwest::{ApiClient, Execute};
use token_testkit::{ApiRefusal, ApiVendor, ProgramLog};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Part of each token of the vendor.
const SECRET: &str = "s3cr3t";

fn verbose() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true)
}

/// Sends requests by both adapters: accepted, refused, redirected, to no server.
async fn send_all(server: &MockServer, placement: TokenPlacement) {
    let vendor = ApiVendor::new(&server.uri(), ApiRefusal::Status).unwrap();
    let vendor = vendor.placement(placement);
    let tokens = TokenCache::builder(vendor.clone())
        .http_client(vendor)
        .api_url("https://127.0.0.1:1")
        .build()
        .unwrap();
    let http = ApiClient::from_builder(verbose()).unwrap();
    let api = token_reqwest::client(tokens.clone(), http.clone());
    for url in [server.uri(), "https://127.0.0.1:1".into()] {
        for path in ["/200", "/401", "/redirect"] {
            let url = format!("{url}{path}");
            let request = || http.post(&url).body("").build().unwrap();
            let executed = tokens.execute(&http, request()).await;
            let sent = api.execute(request()).await;
            assert!(!format!("{executed:?} {sent:?}").contains(SECRET));
        }
    }
}

#[tokio::test]
async fn nothing_logs_the_token_of_an_api_request() {
    let log = ProgramLog::begin().unwrap();
    let server = MockServer::start().await;
    let answer = |request: &wiremock::Request| match request.url.path() {
        "/redirect" => ResponseTemplate::new(302).insert_header("location", "/200"),
        "/401" => ResponseTemplate::new(401),
        _ => ResponseTemplate::new(200),
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    for placement in [
        TokenPlacement::Bearer,
        TokenPlacement::Header("apim-accesstoken".parse().unwrap()),
        TokenPlacement::Query("access_token".into()),
        TokenPlacement::Form("access_token".into()),
    ] {
        send_all(&server, placement).await;
    }
    let received = server.received_requests().await.unwrap();
    let in_query = received
        .iter()
        .filter(|sent| sent.url.as_str().contains(SECRET));
    assert!(in_query.count() > 0, "the token was never in a URL");
    assert!(log.line_with(" hyper_util::client::legacy").is_some());
    assert_eq!(log.line_with(SECRET), None);

    // the log has what such a client logs if nothing tames it
    let sent = verbose()
        .build()
        .unwrap()
        .get(server.uri())
        .bearer_auth(SECRET);
    sent.send().await.unwrap();
    assert!(log.line_with(SECRET).is_some());
}
