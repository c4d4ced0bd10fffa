//! What is sent when nothing goes wrong.

use crate::Client;
use bytes::Bytes;
use http::{Request, StatusCode};
use token_core::HttpClient;

use super::raw::{KEY, MINUTE, RawServer, TOKEN, answer_of, send_refresh};

#[tokio::test]
async fn a_request_is_sent_unchanged() {
    let server = RawServer::answering(answer_of("{}")).await;
    let client = Client::new().unwrap();
    let answer = send_refresh(&client, &server.url("/token")).await.unwrap();
    assert_eq!(
        (answer.status(), &answer.body()[..]),
        (StatusCode::OK, &b"{}"[..])
    );

    let said = server.heard().all().concat().to_lowercase();
    assert!(
        said.starts_with("post /token?key=query-s3cr3t http/1.1\r\n"),
        "{said}"
    );
    assert!(said.contains(&format!("x-key: {KEY}\r\n")), "{said}");
    let user_agent = concat!("user-agent: ", env!("CARGO_PKG_NAME"), "/");
    assert!(said.contains(user_agent), "{said}");
    assert!(
        said.contains(&format!("content-length: {}\r\n", 14 + TOKEN.len())),
        "{said}"
    );
    assert!(said.ends_with(&format!("refresh_token={TOKEN}")), "{said}");
    for unasked in ["transfer-encoding", "accept-encoding", "referer", "cookie"] {
        assert!(!said.contains(unasked), "{unasked}: {said}");
    }
}

#[tokio::test]
async fn an_empty_post_has_a_content_length_and_a_get_has_none() {
    let server = RawServer::answering(answer_of("{}")).await;
    let client = Client::new().unwrap();
    let post = Request::post(server.url("/a")).body(Bytes::new()).unwrap();
    client.send(post, MINUTE).await.unwrap();
    let get = Request::get(server.url("/b")).body(Bytes::new()).unwrap();
    client.send(get, MINUTE).await.unwrap();
    let heard = server.heard().all();
    assert!(heard[0].contains("content-length: 0\r\n"), "{heard:?}");
    assert!(!heard[1].contains("content-length"), "{heard:?}");
}

#[tokio::test]
async fn any_status_is_an_answer_with_its_headers() {
    let refused = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy";
    let server = RawServer::answering(refused).await;
    let client = Client::new().unwrap();
    let answer = send_refresh(&client, &server.url("/")).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.body(), "busy");
}

#[tokio::test]
async fn cookies_are_not_stored() {
    let server =
        RawServer::answering("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n")
            .await;
    let client = Client::new().unwrap();
    for _ in 0..2 {
        send_refresh(&client, &server.url("/")).await.unwrap();
    }
    assert_eq!(server.heard().count("POST "), 2);
    assert_eq!(server.heard().count("a=b"), 0);
}

#[tokio::test]
async fn a_custom_user_agent_is_sent() {
    let server = RawServer::answering(answer_of("{}")).await;
    let client = Client::builder().user_agent("meter/1").build().unwrap();
    send_refresh(&client, &server.url("/")).await.unwrap();
    assert_eq!(server.heard().count("user-agent: meter/1\r\n"), 1);
}

// FAULTS.md row 46
#[test]
fn a_client_outlives_the_runtime_that_first_used_it() {
    let client = Client::new().unwrap();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let status = runtime.block_on(async {
            let server = RawServer::answering(answer_of("{}")).await;
            let answer = send_refresh(&client, &server.url("/")).await;
            answer.unwrap().status()
        });
        assert_eq!(status, 200);
    }
}
