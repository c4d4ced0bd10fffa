//! What follows when the API refuses the token.

use reqwest::Body;
use token_cache::TokenCache;
use token_core::{BaseUrl, ErrorKind, PlainHttp, Step};
use token_reqwest::{Execute, ExecuteError};
use token_testkit::{ApiRefusal, REQUEST_ID};
use wiremock::ResponseTemplate;

use crate::fixture::{Adapter, Api, answered, following, seen};

const REFUSALS: [ApiRefusal; 2] = [ApiRefusal::Status, ApiRefusal::Code];

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_same_request_is_sent_once_more() {
    for refusal in REFUSALS {
        for index in 0..2 {
            let api = Api::start(refusal).await;
            api.tokens.token().await.unwrap();
            api.vendor.revoke();
            let mut request = api.post("/things?a=%20b&c=1", "content");
            let headers = request.headers_mut();
            headers.insert("x-own", "1".parse().unwrap());
            headers.append("x-own", "2".parse().unwrap());
            let answer = api.adapters()[index].send(request).await.unwrap();
            assert_eq!(answer.url().query(), Some("a=%20b&c=1"));
            assert_eq!(answer.text().await.unwrap(), r#"{"code":0}"#);
            assert_eq!(api.vendor.exchanges(), 2);
            let received = api.received().await;
            let [first, second] = &received[..] else {
                unreachable!("{received:?}")
            };
            let token = |sent: &wiremock::Request| sent.headers["authorization"].clone();
            assert_ne!(token(first), token(second));
            assert_eq!((&first.method, &first.url), (&second.method, &second.url));
            for sent in [first, second] {
                let own: Vec<_> = sent.headers.get_all("x-own").iter().collect();
                assert_eq!(own, ["1", "2"]);
                assert_eq!(sent.body, b"content");
            }
        }
    }
}

#[tokio::test]
async fn an_api_that_refuses_every_token_is_asked_twice() {
    for refusal in REFUSALS {
        for index in 0..2 {
            let api = Api::start(refusal).await;
            let adapter = &api.adapters()[index];
            let vendor = api.vendor.clone();
            let refuse = move |_: &wiremock::Request| answered(&vendor.refuse());
            api.answer_by(refuse).await;
            let error = adapter.fail(api.get("/things?page=2")).await;
            assert_eq!(error.kind(), ErrorKind::RefusedAgain);
            assert_eq!(error.step(), Some(Step::Api));
            assert_eq!(error.path(), Some("/things"));
            assert_eq!(api.received().await.len(), 2);
            assert_eq!(api.vendor.exchanges(), 2);
        }
    }
}

#[tokio::test]
async fn a_stream_is_sent_once_and_fails_only_if_it_was_refused() {
    for index in 0..2 {
        let api = Api::start(ApiRefusal::Status).await;
        let adapter = &api.adapters()[index];
        let stream = || Body::wrap(Body::from("content"));
        let answer = adapter.send(api.post("/things", stream())).await.unwrap();
        assert_eq!(answer.status(), 200);
        api.vendor.revoke();
        let error = adapter.fail(api.post("/things", stream())).await;
        assert_eq!(error.kind(), ErrorKind::Transient { after: None });
        assert!(error.to_string().contains("is a stream"), "{error}");
        let answer = adapter.send(api.post("/things", stream())).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(api.received().await.len(), 3);
        assert_eq!(api.received().await[0].body, b"content");
    }
}

#[tokio::test]
async fn a_missing_right_is_no_refusal_of_the_token() {
    let api = Api::start(ApiRefusal::Status).await;
    let challenge = "Bearer error=\"insufficient_scope\"";
    let forbidden = ResponseTemplate::new(403).insert_header("www-authenticate", challenge);
    api.answer_by(forbidden).await;
    for adapter in api.adapters() {
        assert_eq!(adapter.send(api.get("/")).await.unwrap().status(), 403);
    }
    assert_eq!(api.received().await.len(), 2);
    assert_eq!(api.vendor.exchanges(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_next_one_a_new_token() {
    let api = Api::start(ApiRefusal::Status).await;
    let http = following();
    let mut request = api.get("/");
    request.headers_mut().insert(REQUEST_ID, 1.into());
    api.tokens.execute(&http, request).await.unwrap();
    api.vendor.revoke();
    let (refused, arrived) = tokio::sync::oneshot::channel();
    let (vendor, refused) = (api.vendor.clone(), std::sync::Mutex::new(Some(refused)));
    api.answer_by(move |request: &wiremock::Request| {
        if let Some(refused) = refused.lock().unwrap().take() {
            _ = refused.send(());
        }
        answered(&vendor.answer(&seen(request)))
    })
    .await;
    let call = tokio::spawn({
        let (tokens, http, request) = (api.tokens.clone(), http.clone(), api.get("/"));
        async move { tokens.execute(&http, request).await }
    });
    arrived.await.unwrap();
    call.abort();
    _ = call.await;
    assert_eq!(
        api.tokens
            .execute(&http, api.get("/"))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(api.vendor.exchanges(), 2);
}

#[tokio::test]
async fn a_failure_of_the_transport_is_told_apart_and_shows_no_url() {
    let api = Api::start(ApiRefusal::Status).await;
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", refusing.local_addr().unwrap());
    drop(refusing);
    let base = BaseUrl::parse(&closed, PlainHttp::Allowed).unwrap();
    let tokens = TokenCache::builder(api.vendor.clone())
        .http_client(api.vendor.clone())
        .api_origin(base.origin())
        .build()
        .unwrap();
    let http = following();
    for adapter in [
        Adapter::Execute(tokens.clone(), http.clone()),
        Adapter::Middleware(token_reqwest::client(tokens, http)),
    ] {
        let url = format!("{closed}/x?key=s3cr3t");
        let request = reqwest::Request::new(http::Method::GET, url.parse().unwrap());
        let Err(ExecuteError::Transport(error)) = adapter.send(request).await else {
            unreachable!("it failed otherwise")
        };
        assert!(error.is_connect());
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}
