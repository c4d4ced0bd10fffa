//! Bodies of requests.

use token_core::{ErrorKind, TokenPlacement};
use token_testkit::ApiRefusal;

use crate::fixture::Api;

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_token_in_the_form_replaces_the_body_and_its_length() {
    for index in 0..2 {
        let placement = TokenPlacement::Form("access_token".into());
        let api = Api::with(ApiRefusal::Status, placement).await;
        api.tokens.token().await.unwrap();
        api.vendor.revoke();
        let mut request = api.post("/things", "a=1");
        let headers = request.headers_mut();
        headers.insert("content-type", FORM.parse().unwrap());
        headers.insert("content-length", 3.into());
        let answer = api.adapters()[index].send(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let bodies: Vec<_> = api.received().await.into_iter().map(|it| it.body).collect();
        let expected = [
            "a=1&access_token=s3cr3t-token-1",
            "a=1&access_token=s3cr3t-token-2",
        ];
        assert_eq!(bodies, expected.map(|body| body.as_bytes().to_vec()));
    }
}

#[tokio::test]
async fn a_stream_has_no_place_for_a_token_in_the_form() {
    let placement = TokenPlacement::Form("access_token".into());
    let api = Api::with(ApiRefusal::Status, placement).await;
    for adapter in api.adapters() {
        let stream = reqwest::Body::wrap(reqwest::Body::from("a=1"));
        let mut request = api.post("/things", stream);
        request
            .headers_mut()
            .insert("content-type", FORM.parse().unwrap());
        assert_eq!(adapter.fail(request).await.kind(), ErrorKind::Config);
    }
    assert!(api.received().await.is_empty());
}

#[tokio::test]
async fn a_large_body_is_sent_again_whole() {
    for index in 0..2 {
        let api = Api::start(ApiRefusal::Status).await;
        api.tokens.token().await.unwrap();
        api.vendor.revoke();
        let content: Vec<u8> = (0_u32..3_000_000).map(|at| at.to_le_bytes()[0]).collect();
        let request = api.post("/things", content.clone());
        let answer = api.adapters()[index].send(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        for sent in api.received().await {
            assert!(sent.body == content);
        }
        assert_eq!(api.received().await.len(), 2);
    }
}
