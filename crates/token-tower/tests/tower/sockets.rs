//! hyper's client and an API server over real sockets.

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use token_tower::token_cache::{TokenCache, WithoutToken};
use token_tower::token_core::ErrorKind;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Request, StatusCode};
use token_tower::{RequestBody, TokenLayer, TokenService};
use tower::Layer;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::service::{failure, get, send};
use crate::vendor::{REFUSED, TokenServer};

pub(crate) type HyperClient<B> = Client<HttpConnector, RequestBody<B>>;

/// How the API refuses a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Status,
    Code,
}

impl Refusal {
    pub(crate) fn response(self) -> ResponseTemplate {
        match self {
            Self::Status => ResponseTemplate::new(401),
            Self::Code => ResponseTemplate::new(200).set_body_raw(REFUSED, "application/json"),
        }
    }
}

pub(crate) fn client(tokens: TokenCache) -> TokenService<HyperClient<Full<Bytes>>> {
    TokenLayer::new(tokens).layer(Client::builder(TokioExecutor::new()).build_http())
}

/// An API that accepts the tokens of this server.
pub(crate) async fn api(tokens: &TokenServer, refusal: Refusal) -> MockServer {
    let (api, tokens) = (MockServer::start().await, tokens.clone());
    let answer = move |request: &wiremock::Request| match tokens.accepts(&request.headers) {
        true => ResponseTemplate::new(200).set_body_raw(r#"{"code":0}"#, "application/json"),
        false => refusal.response(),
    };
    Mock::given(any()).respond_with(answer).mount(&api).await;
    api
}

async fn api_that_answers(response: ResponseTemplate) -> MockServer {
    let api = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&api).await;
    api
}

#[tokio::test]
async fn a_refused_request_is_sent_once_more_with_a_new_token() {
    for refusal in [Refusal::Status, Refusal::Code] {
        let tokens = TokenServer::default();
        let api = api(&tokens, refusal).await;
        let client = client(tokens.cache(&api.uri()));
        send(&client, get(&api.uri())).await.unwrap();
        tokens.revoke();

        let request = Request::put(format!("{}/things?page=2", api.uri()))
            .header("x-own", "kept")
            .body(Full::from("payload"))
            .unwrap();
        let response = send(&client, request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"code":0}"#, "{refusal:?}");
        assert_eq!(tokens.issued(), 2);
        let received = api.received_requests().await.unwrap();
        let sent: Vec<_> = received.iter().skip(1).collect();
        let token = |index: usize| sent[index].headers["authorization"].to_str().unwrap();
        assert_eq!(token(0), "Bearer s3cr3t-token-1");
        assert_eq!(token(1), "Bearer s3cr3t-token-2");
        assert_eq!(sent.len(), 2);
        for request in sent {
            assert_eq!(request.method, "PUT");
            assert_eq!(request.url.query(), Some("page=2"));
            assert_eq!(request.headers["x-own"], "kept");
            assert_eq!(request.headers["content-length"], "7");
            assert_eq!(request.body, b"payload");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_is_an_error_of_its_own() {
    for refusal in [Refusal::Status, Refusal::Code] {
        let tokens = TokenServer::default();
        let api = api_that_answers(refusal.response()).await;
        let client = client(tokens.cache(&api.uri()));
        let error = failure(send(&client, get(&api.uri())).await);
        assert_eq!(error.kind(), ErrorKind::RefusedAgain, "{error}");
        assert!(api.uri().ends_with(error.host().unwrap()), "{error}");
        assert_eq!(api.received_requests().await.unwrap().len(), 2);
        assert_eq!(tokens.issued(), 2);
    }
}

#[tokio::test]
async fn a_request_with_its_own_authorization_is_left_alone() {
    let tokens = TokenServer::default();
    let api = api_that_answers(ResponseTemplate::new(401)).await;
    let client = client(tokens.cache(&api.uri()));
    let mut request = get(&api.uri());
    let own = "Basic b3duOm93bg==".parse().unwrap();
    request.headers_mut().insert("authorization", own);
    let response = send(&client, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let received = api.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].headers["authorization"], "Basic b3duOm93bg==");
    assert_eq!(tokens.issued(), 0);
}

#[tokio::test]
async fn a_request_that_opts_out_gets_no_token_wherever_it_goes() {
    let tokens = TokenServer::default();
    let api = api_that_answers(ResponseTemplate::new(401)).await;
    let client = client(tokens.cache("https://api.acme.example"));
    let mut request = get(&api.uri());
    request.extensions_mut().insert(WithoutToken);
    let response = send(&client, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let received = api.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    assert!(!received[0].headers.contains_key("authorization"));
    assert_eq!(tokens.issued(), 0);
}

#[tokio::test]
async fn what_is_not_about_the_token_is_returned_and_sent_once() {
    let scope = "Bearer error=\"insufficient_scope\"";
    let forbidden = ResponseTemplate::new(403).insert_header("www-authenticate", scope);
    let others = [302, 400, 404, 429, 500, 503].map(ResponseTemplate::new);
    for response in [forbidden].into_iter().chain(others) {
        let tokens = TokenServer::default();
        let api = api_that_answers(response).await;
        let client = client(tokens.cache(&api.uri()));
        let response = send(&client, get(&api.uri())).await.unwrap();
        assert!(!response.status().is_success());
        assert_eq!(api.received_requests().await.unwrap().len(), 1);
        assert_eq!(tokens.issued(), 1);
    }
}

#[tokio::test]
async fn a_failure_of_the_transport_is_the_clients_own_error() {
    let tokens = TokenServer::default();
    let client = client(tokens.cache("http://127.0.0.1:1"));
    let error = send(&client, get("http://127.0.0.1:1/")).await.unwrap_err();
    let error = error.downcast::<hyper_util::client::legacy::Error>();
    assert!(error.unwrap().is_connect());
}
