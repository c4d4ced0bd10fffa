//! Redirects take the token nowhere else.

use http::Method;
use reqwest::redirect::Policy;
use token_core::TokenPlacement;
use token_reqwest::{ApiClient, Execute};
use token_testkit::ApiRefusal;
use wiremock::ResponseTemplate;

use crate::fixture::{Adapter, Api, answered, seen};

fn placements() -> [TokenPlacement; 5] {
    [
        TokenPlacement::Bearer,
        TokenPlacement::Verbatim,
        TokenPlacement::Header("apim-accesstoken".parse().unwrap()),
        TokenPlacement::Query("access_token".into()),
        TokenPlacement::Form("access_token".into()),
    ]
}

fn redirect(status: u16, to: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("location", to)
}

#[tokio::test]
async fn a_redirect_to_another_host_is_the_answer_and_nothing_goes_there() {
    let other = Api::start(ApiRefusal::Status).await;
    for placement in placements() {
        let api = Api::with(ApiRefusal::Status, placement).await;
        let still = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none());
        let still = ApiClient::from_client(still.build().unwrap()).unwrap();
        let still = Adapter::Execute(api.tokens.clone(), still);
        for status in [301, 302, 303, 307, 308] {
            let to = format!("{}/stolen", other.server.uri());
            api.answer_accepted(redirect(status, &to)).await;
            for adapter in api.adapters().into_iter().chain([still.clone()]) {
                let answer = adapter.send(api.post("/things", "")).await.unwrap();
                assert_eq!(answer.status(), status);
                assert_eq!(answer.headers()["location"], to);
            }
        }
    }
    assert!(other.received().await.is_empty());
}

#[tokio::test]
async fn another_scheme_or_port_of_the_same_host_is_another_host() {
    let other = Api::start(ApiRefusal::Status).await;
    let api = Api::start(ApiRefusal::Status).await;
    let port = api.server.address().port();
    let other_port = other.server.address().port();
    for to in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{other_port}/"),
        format!("http://localhost:{port}/"),
    ] {
        api.answer_accepted(redirect(302, &to)).await;
        for adapter in api.adapters() {
            assert_eq!(adapter.send(api.get("/")).await.unwrap().status(), 302);
        }
        assert_eq!(api.received().await.len(), 2);
    }
    assert!(other.received().await.is_empty());
}

/// The reason for [`ApiClient`]: on the second redirect within the other host, reqwest 0.13.5 puts
/// `Authorization` back. If this fails, reqwest has been mended.
#[tokio::test]
async fn reqwest_alone_takes_the_token_to_another_host() {
    let other = Api::start(ApiRefusal::Status).await;
    other
        .answer_by(|request: &wiremock::Request| match request.url.path() {
            "/one" => redirect(302, "/two"),
            _ => ResponseTemplate::new(200),
        })
        .await;
    let api = Api::start(ApiRefusal::Status).await;
    let to = format!("{}/one", other.server.uri());
    api.answer_by(redirect(302, &to)).await;
    let eager = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = eager
        .get(format!("{}/?access_token=in-query", api.server.uri()))
        .bearer_auth("in-header")
        .header("apim-accesstoken", "in-own-header");
    assert_eq!(sent.send().await.unwrap().status(), 200);
    let received = other.received().await;
    assert!(!received[0].headers.contains_key("authorization"));
    assert_eq!(received[0].headers["apim-accesstoken"], "in-own-header");
    let referer = received[0].headers["referer"].to_str().unwrap();
    assert!(referer.contains("in-query"));
    assert_eq!(received[1].headers["authorization"], "Bearer in-header");
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed_with_the_token() {
    let api = Api::start(ApiRefusal::Status).await;
    let vendor = api.vendor.clone();
    let answer = move |request: &wiremock::Request| match request.url.path() {
        "/old" => redirect(302, "/new"),
        _ => answered(&vendor.answer(&seen(request))),
    };
    api.answer_by(answer).await;
    for adapter in api.adapters() {
        let answer = adapter.send(api.get("/old")).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.url().path(), "/new");
    }
    for sent in api.received().await {
        assert!(!sent.headers.contains_key("referer"));
    }
    api.vendor.revoke();
    let [execute, _] = api.adapters();
    assert_eq!(execute.send(api.get("/old")).await.unwrap().status(), 200);
    assert_eq!(api.vendor.exchanges(), 2);
}

#[tokio::test]
async fn what_was_carried_out_before_a_redirect_is_not_carried_out_again() {
    let api = Api::start(ApiRefusal::Status).await;
    let vendor = api.vendor.clone();
    let answer = move |request: &wiremock::Request| match request.method {
        Method::POST => redirect(303, "/result"),
        _ => answered(&vendor.refuse()),
    };
    api.answer_by(answer).await;
    for adapter in api.adapters() {
        let answer = adapter.send(api.post("/orders", "one")).await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    let received = api.received().await;
    let posts = received.iter().filter(|sent| sent.method == Method::POST);
    assert_eq!(posts.count(), 2);
    assert_eq!(api.vendor.exchanges(), 1);
}

#[tokio::test]
async fn a_page_that_the_token_did_not_reach_says_nothing_about_it() {
    let placement = TokenPlacement::Query("access_token".into());
    let api = Api::with(ApiRefusal::Status, placement).await;
    let vendor = api.vendor.clone();
    let answer = move |request: &wiremock::Request| match request.url.path() {
        "/old" => redirect(302, "/new"),
        _ => answered(&vendor.answer(&seen(request))),
    };
    api.answer_by(answer).await;
    for adapter in api.adapters() {
        let answer = adapter.send(api.get("/old")).await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(api.vendor.exchanges(), 1);
}

#[tokio::test]
async fn a_client_that_reqwest_can_redirect_is_not_taken_in_disguise() {
    let api = Api::start(ApiRefusal::Status).await;
    for policy in [
        Policy::default(),
        Policy::limited(0),
        Policy::custom(|it| it.error("never")),
    ] {
        let client = reqwest::Client::builder().redirect(policy).build().unwrap();
        assert!(api.tokens.execute(&client, api.get("/")).await.is_err());
        assert!(ApiClient::from_client(client).is_err());
    }
    assert!(api.received().await.is_empty());
}

#[tokio::test]
async fn an_answer_after_a_redirect_that_took_the_token_along_does_not_show_it() {
    let placement = TokenPlacement::Query("access_token".into());
    let api = Api::with(ApiRefusal::Status, placement).await;
    let answer = |request: &wiremock::Request| match request.url.path() {
        "/things" => redirect(301, &format!("/login?next={}", request.url)),
        _ => ResponseTemplate::new(500).set_body_string("content"),
    };
    api.answer_by(answer).await;
    for adapter in api.adapters() {
        let answer = adapter.send(api.get("/things")).await.unwrap();
        let error = answer.error_for_status_ref().unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        assert_eq!(answer.url().path(), "/login");
        assert_eq!(answer.text().await.unwrap(), "content");
    }
    let received = api.received().await;
    assert!(received[1].url.as_str().contains("s3cr3t"));
}
