//! Redirects are answers and are not followed.

use token_reqwest::ReqwestClient;

use crate::raw::{RawServer, answer_of, send_refresh};

fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let client = ReqwestClient::new().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let other = RawServer::answering(answer_of("{}")).await;
        let server = RawServer::answering(redirect(status, &other.url("/stolen"))).await;
        let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["location"], other.url("/stolen"));
        assert!(other.heard().all().is_empty(), "{status} was followed");
    }
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_to_the_same_host_is_not_followed() {
    let client = ReqwestClient::new().unwrap();
    for status in [302, 307] {
        let server = RawServer::answering(redirect(status, "/elsewhere")).await;
        let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(
            server.heard().count("POST ") + server.heard().count("GET "),
            1
        );
        assert_eq!(server.heard().count("elsewhere"), 0);
    }
}

// FAULTS.md row 29
#[tokio::test]
async fn from_builder_disables_redirects_and_the_referer() {
    let other = RawServer::answering(answer_of("{}")).await;
    let server = RawServer::answering(redirect(302, &other.url("/stolen"))).await;
    let eager = || {
        let follow = reqwest::redirect::Policy::limited(5);
        reqwest::Client::builder()
            .no_proxy()
            .redirect(follow)
            .referer(true)
    };
    let client = ReqwestClient::from_builder(eager).unwrap();
    let answer = send_refresh(&client, &server.url("/t")).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(other.heard().all().is_empty());

    // unchanged, the same builder sends the query's secret there in the referer
    let url = server.url("/t?key=query-s3cr3t");
    let status = eager()
        .build()
        .unwrap()
        .post(url)
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status, 200);
    assert_eq!(other.heard().count("query-s3cr3t"), 1);
}
