//! Answers with too many headers.

use crate::Client;
use token_core::{ErrorKind, HttpClient as _, SendFailure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::kept::{marked, pass};
use super::raw::{MINUTE, RawServer, assert_in_doubt, send_refresh};

fn answer(status: u16, headers: usize) -> String {
    let filler: String = (0..headers - 1)
        .map(|number| format!("x-{number}: s3cr3t\r\n"))
        .collect();
    format!("HTTP/1.1 {status} Said\r\n{filler}content-length: 2\r\n\r\n{{}}")
}

async fn sent_to(answer: String) -> Result<u16, token_core::SendError> {
    let server = RawServer::answering(answer).await;
    let client = Client::new().unwrap();
    let answer = send_refresh(&client, &server.url("/t")).await?;
    assert_eq!(answer.body(), "{}");
    Ok(answer.status().as_u16())
}

// FAULTS.md row 87
#[tokio::test]
async fn a_refusal_with_too_many_headers_is_reported_with_its_status() {
    for headers in [101, 256] {
        for status in [302, 400, 401, 403, 404, 500] {
            let error = sent_to(answer(status, headers)).await.unwrap_err();
            let error = error.to_error();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            assert!(
                error.to_string().contains("more than 100 headers"),
                "{error}"
            );
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}

// FAULTS.md rows 49 and 87: tokens issued for a refresh token are not discarded
#[tokio::test]
async fn a_success_or_a_retryable_status_is_accepted_with_too_many_headers() {
    for status in [200, 201, 408, 429, 502, 503, 504] {
        assert_eq!(sent_to(answer(status, 256)).await.unwrap(), status);
    }
    assert_eq!(sent_to(answer(400, 100)).await.unwrap(), 400);
}

// FAULTS.md rows 49 and 87
#[tokio::test]
async fn a_repeatable_request_is_sent_once_more_if_its_answer_has_too_many_headers() {
    for (status, headers) in [(200, 101), (200, 256), (429, 101), (400, 100)] {
        let server = RawServer::answering(answer(status, headers)).await;
        let client = Client::new().unwrap();
        let answer = client
            .send(marked(&server.url("/t")), MINUTE)
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let sent = if headers > 100 { 2 } else { 1 };
        assert_eq!(server.heard().all().len(), sent);
    }
    let server = RawServer::answering(answer(400, 101)).await;
    let client = Client::new().unwrap();
    let refused = client.send(marked(&server.url("/t")), MINUTE).await;
    let error = refused.unwrap_err().to_error();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
}

// FAULTS.md row 2
#[tokio::test]
async fn a_request_is_not_sent_once_more_after_a_freeze_that_outlasts_its_time() {
    let answer = answer(200, 101).into_bytes();
    let (server, mut receives, thaw) = RawServer::answering_when_told(answer).await;
    let (client, url) = (Client::new().unwrap(), server.url("/t"));
    let sending = tokio::spawn(async move { client.send(marked(&url), MINUTE).await });
    receives.recv().await.unwrap();
    pass(10 * MINUTE).await;
    tokio::task::yield_now().await;
    thaw.notify_one();
    let error = sending.await.unwrap().unwrap_err();
    assert_in_doubt(&error, SendFailure::TooLong);
    assert_eq!(server.heard().count("POST"), 1);
}

// FAULTS.md row 34
#[tokio::test]
async fn a_request_that_cannot_be_sent_once_more_is_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/t", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let answered = stream.write_all(answer(200, 101).as_bytes()).await;
        answered.unwrap();
    });
    let client = Client::new().unwrap();
    let error = client.send(marked(&url), MINUTE).await.unwrap_err();
    assert!(error.may_have_left(), "{error}");
}
