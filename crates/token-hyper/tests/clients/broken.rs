//! Broken connections and invalid answers.

use crate::Client;
use token_core::{ErrorKind, HttpClient, LONGEST_BODY, SendError, SendFailure};
use tokio::net::TcpListener;

use super::raw::{
    MINUTE, RawServer, TOKEN, answer_of, assert_in_doubt, assert_unsent, refresh, send_refresh,
};

async fn answered_with(answer: impl Into<Vec<u8>>) -> SendError {
    let answer = answer.into();
    let server = RawServer::start(move |mut wire| {
        let answer = answer.clone();
        async move {
            wire.request().await;
            wire.say(&answer).await;
        }
    })
    .await;
    failed(&server).await
}

async fn failed(server: &RawServer) -> SendError {
    let client = Client::new().unwrap();
    let error = send_refresh(&client, &server.url("/t")).await.unwrap_err();
    assert!(server.heard().count(TOKEN) <= 1, "sent again after {error}");
    error
}

async fn unused_address() -> String {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/t", gone.local_addr().unwrap())
}

// FAULTS.md row 34
#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let client = Client::new().unwrap();
    let error = send_refresh(&client, &unused_address().await)
        .await
        .unwrap_err();
    assert_unsent(&error, SendFailure::Connect);
    assert_eq!(
        error.to_string(),
        "the connection could not be established: connection refused"
    );
}

// FAULTS.md row 34: a connection does not prove that anything was sent, but nothing proves the
// opposite
#[tokio::test]
async fn a_reset_before_a_byte_was_read_is_in_doubt() {
    let server = RawServer::start(|wire| async move { wire.reset() }).await;
    let error = failed(&server).await;
    assert!(error.may_have_left(), "{error}");
    assert_eq!(server.heard().all().len(), 1);
}

// FAULTS.md row 34
#[tokio::test]
async fn a_reset_in_the_middle_of_the_request_is_in_doubt() {
    let server = RawServer::start(|mut wire| async move {
        wire.some().await;
        wire.reset();
    })
    .await;
    let long = refresh(&server.url("/t")).map(|_| vec![b'x'; 16 * 1024 * 1024].into());
    let client = Client::new().unwrap();
    let error = client.send(long, MINUTE).await.unwrap_err();
    assert_in_doubt(&error, SendFailure::Interrupted);
    assert_eq!(server.heard().count("POST "), 1);
}

// FAULTS.md row 34
#[tokio::test]
async fn a_reset_after_the_request_is_in_doubt() {
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.reset();
    })
    .await;
    assert_in_doubt(&failed(&server).await, SendFailure::Interrupted);
    assert_eq!(server.heard().count(TOKEN), 1);
}

// FAULTS.md row 34
#[tokio::test]
async fn half_a_status_line_is_in_doubt() {
    for half in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-le"] {
        assert_in_doubt(&answered_with(half).await, SendFailure::Interrupted);
    }
}

// FAULTS.md row 25
#[tokio::test]
async fn a_body_shorter_than_its_content_length_is_in_doubt() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"access_token\":\"A1\"}";
    assert_in_doubt(&answered_with(cut).await, SendFailure::Interrupted);
}

// FAULTS.md row 25
#[tokio::test]
async fn a_chunked_body_without_its_end_is_in_doubt() {
    for cut in ["5\r\nhello\r\n", "5\r\nhel", "5\r\nhello\r\n0\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{cut}");
        assert_in_doubt(&answered_with(answer).await, SendFailure::Interrupted);
    }
}

// FAULTS.md row 25
#[tokio::test]
async fn a_reset_in_the_middle_of_the_body_is_in_doubt() {
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nhalf")
            .await;
        wire.reset();
    })
    .await;
    assert_in_doubt(&failed(&server).await, SendFailure::Interrupted);
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_in_doubt_and_not_quoted() {
    let error = answered_with("SSH-2.0-s3cr3t\r\n\r\n").await;
    assert_in_doubt(&error, SendFailure::Other);
    assert_eq!(
        error.to_string(),
        "the request failed: the answer is not HTTP"
    );
}

// FAULTS.md row 24
#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while wire.say(&[b'x'; 1024]).await {}
    })
    .await;
    assert_in_doubt(&failed(&server).await, SendFailure::TooLong);
}

// FAULTS.md row 24
#[tokio::test]
async fn a_body_that_announces_too_much_is_not_waited_for() {
    let announced = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        LONGEST_BODY + 1
    );
    let server = RawServer::answering(announced).await;
    assert_in_doubt(&failed(&server).await, SendFailure::TooLong);
}

// FAULTS.md row 24
#[tokio::test]
async fn endless_headers_are_cut_off() {
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(b"HTTP/1.1 200 OK\r\n").await;
        while wire.say(&[b'a'; 1024]).await {}
    })
    .await;
    assert_in_doubt(&failed(&server).await, SendFailure::TooLong);
}

#[tokio::test]
async fn a_body_of_the_maximum_length_is_accepted_and_one_more_byte_is_not() {
    let client = Client::new().unwrap();
    for (length, taken) in [(LONGEST_BODY, true), (LONGEST_BODY + 1, false)] {
        let chunk = format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let server = RawServer::answering(answer).await;
        let sent = send_refresh(&client, &server.url("/")).await;
        assert_eq!(
            sent.is_ok_and(|answer| answer.body().len() == length),
            taken
        );
    }
}

// FAULTS.md row 28
#[tokio::test]
async fn no_error_shows_the_url_the_request_or_the_answer() {
    let mut errors = vec![
        answered_with("").await,
        answered_with("junk-s3cr3t\r\n\r\n").await,
        answered_with("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ns3cr3t").await,
        answered_with(format!(
            "HTTP/1.1 200 s3cr3t\r\nx: {}\r\n",
            "s3cr3t".repeat(99_999)
        ))
        .await,
    ];
    let client = Client::new().unwrap();
    errors.push(
        send_refresh(&client, &unused_address().await)
            .await
            .unwrap_err(),
    );
    errors.push(
        send_refresh(&client, "ftp://127.0.0.1/t")
            .await
            .unwrap_err(),
    );
    for error in errors {
        let shown = format!("{error} {error:?} {error:#?} {}", error.to_error());
        for secret in ["s3cr3t", "http://", "127.0.0.1", "/t"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_a_config_error() {
    let client = Client::new().unwrap();
    for url in ["ftp://example.com/t", "/t"] {
        let error = send_refresh(&client, url).await.unwrap_err();
        assert_unsent(&error, SendFailure::Unsendable);
        assert_eq!(error.to_error().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn a_complete_answer_is_accepted_if_the_server_closes_at_once() {
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(&answer_of("{}")).await;
    })
    .await;
    let client = Client::new().unwrap();
    let answer = send_refresh(&client, &server.url("/")).await.unwrap();
    assert_eq!(answer.body(), "{}");
}
