//! Which requests get the token.

use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use reqwest::Request;
use token_cache::WithoutToken;
use token_core::{ErrorKind, TokenPlacement};
use token_reqwest::{ApiClient, Execute};
use token_testkit::ApiRefusal;

use crate::fixture::{Api, following};

#[tokio::test]
async fn another_scheme_host_or_port_gets_nothing() {
    let api = Api::start(ApiRefusal::Status).await;
    let other = Api::start(ApiRefusal::Status).await;
    let port = api.server.address().port();
    for url in [
        other.server.uri(),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!(
            "http://127.0.0.1:{port}@127.0.0.1:{}/",
            other.server.address().port()
        ),
    ] {
        for adapter in api.adapters() {
            let request = Request::new(Method::GET, url.parse().unwrap());
            assert_eq!(
                adapter.fail(request).await.kind(),
                ErrorKind::Config,
                "{url}"
            );
        }
    }
    assert!(api.received().await.is_empty());
    assert!(other.received().await.is_empty());
    assert_eq!(api.vendor.exchanges(), 0);
}

#[tokio::test]
async fn a_request_with_its_own_authorization_is_sent_as_it_is_to_any_host() {
    let api = Api::start(ApiRefusal::Status).await;
    let other = Api::start(ApiRefusal::Status).await;
    for adapter in api.adapters() {
        let mut request = other.get("/");
        let own = HeaderValue::from_static("Basic own");
        request.headers_mut().insert(AUTHORIZATION, own);
        assert_eq!(adapter.send(request).await.unwrap().status(), 401);
    }
    let received = other.received().await;
    assert_eq!(received.len(), 2);
    for sent in received {
        assert_eq!(sent.headers[AUTHORIZATION], "Basic own");
    }
    assert_eq!(api.vendor.exchanges(), 0);
}

#[tokio::test]
async fn an_extension_opts_a_request_of_the_middleware_out() {
    let api = Api::start(ApiRefusal::Status).await;
    let client = token_reqwest::client(api.tokens.clone(), following());
    let request = client.get(api.server.uri()).with_extension(WithoutToken);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert!(!api.received().await[0].headers.contains_key(AUTHORIZATION));
    assert_eq!(api.vendor.exchanges(), 0);
}

#[tokio::test]
async fn every_placement_reaches_the_api_and_the_answer_shows_no_token() {
    for placement in [
        TokenPlacement::Bearer,
        TokenPlacement::Verbatim,
        TokenPlacement::Header("apim-accesstoken".parse().unwrap()),
        TokenPlacement::Query("access_token".into()),
        TokenPlacement::Form("access_token".into()),
    ] {
        for index in 0..2 {
            let api = Api::with(ApiRefusal::Status, placement.clone()).await;
            let adapter = &api.adapters()[index];
            api.tokens.token().await.unwrap();
            for _ in 0..2 {
                let answer = adapter.send(api.post("/things?page=2", "")).await.unwrap();
                assert_eq!(answer.status(), 200, "{placement:?}");
                assert_eq!(answer.url().query(), Some("page=2"));
                assert!(!format!("{answer:?}").contains("s3cr3t"));
                let error = answer.error_for_status_ref();
                assert!(error.is_ok());
                api.vendor.revoke();
            }
            assert_eq!(api.vendor.exchanges(), 2);
        }
    }
}

#[tokio::test]
async fn a_client_that_may_follow_redirects_is_refused_before_a_token_is_asked_for() {
    let api = Api::start(ApiRefusal::Status).await;
    let eager = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = api.tokens.execute(&eager, api.get("/")).await.unwrap_err();
    assert!(error.to_string().contains("Policy::none()"), "{error}");
    assert!(ApiClient::from_client(eager).is_err());
    assert!(api.received().await.is_empty());
    assert_eq!(api.vendor.exchanges(), 0);

    let still = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let still = still.build().unwrap();
    let answer = api.tokens.execute(&still, api.get("/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(ApiClient::from_client(still).is_ok());
}
