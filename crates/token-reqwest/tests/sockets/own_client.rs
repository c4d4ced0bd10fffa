//! A client that the program already has.

use reqwest::redirect::Policy;
use token_core::SendFailure;
use token_reqwest::ReqwestClient;

use crate::clients::raw::{RawServer, answer_of, assert_unsent, send_refresh};

// FAULTS.md row 29
#[test]
fn a_client_that_may_follow_redirects_is_refused() {
    let own = || reqwest::Client::builder();
    let custom = Policy::custom(|attempt| attempt.error("no"));
    for settings in [
        own(),
        own().redirect(Policy::limited(1)),
        own().redirect(custom),
        own().user_agent(r#"redirect_policy: "Policy(None)""#),
    ] {
        let refused = ReqwestClient::from_client(settings.build().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("Policy::none()"), "{refused}");
    }
    let tame = own().redirect(Policy::none()).build().unwrap();
    assert!(ReqwestClient::from_client(tame).is_ok());
}

#[tokio::test]
async fn a_client_of_the_program_sends_requests() {
    let own = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none());
    let client = ReqwestClient::from_client(own.build().unwrap()).unwrap();
    let server = RawServer::answering(answer_of("{}")).await;
    let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
    assert_eq!(answer.body(), "{}");
}

#[tokio::test]
async fn a_client_of_the_program_still_proves_a_failed_connect() {
    let own = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none());
    let client = ReqwestClient::from_client(own.build().unwrap()).unwrap();
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/t", gone.local_addr().unwrap());
    drop(gone);
    let error = send_refresh(&client, &url).await.unwrap_err();
    assert_unsent(&error, SendFailure::Connect);
}

#[test]
fn debug_shows_nothing_of_the_client() {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-key", "s3cr3t".parse().unwrap());
    let own = move || reqwest::Client::builder().default_headers(headers.clone());
    let client = ReqwestClient::from_builder(own).unwrap();
    assert_eq!(format!("{client:?}"), "ReqwestClient");
}
