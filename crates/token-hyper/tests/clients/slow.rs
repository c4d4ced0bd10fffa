//! Slow servers. tokio's time is paused and advances when all tasks wait.

use std::time::Duration;

use crate::Client;
use token_core::{HttpClient, SendError, SendFailure};
use tokio::time::Instant;

use super::kept::pass;
use super::raw::{
    MINUTE, RawServer, Wire, answer_of, assert_in_doubt, assert_unsent, refresh, send_refresh,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn timed(client: &Client, url: &str, within: Duration) -> (SendError, Duration) {
    let begun = Instant::now();
    let error = client.send(refresh(url), within).await.unwrap_err();
    (error, begun.elapsed())
}

#[track_caller]
fn assert_about(took: Duration, expected: Duration) {
    assert!(took >= expected && took < expected + SECOND, "{took:?}");
}

pub(crate) async fn silent() -> RawServer {
    RawServer::start(Wire::until_gone).await
}

// FAULTS.md row 24
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_in_doubt_after_the_timeout() {
    let client = Client::new().unwrap();
    let (error, took) = timed(&client, &silent().await.url("/t"), 5 * SECOND).await;
    assert_in_doubt(&error, SendFailure::Timeout);
    assert_about(took, 5 * SECOND);
}

// FAULTS.md row 24
#[tokio::test(start_paused = true)]
async fn a_server_that_stops_sending_hits_the_read_timeout() {
    let client = Client::builder().read_timeout(7 * SECOND).build().unwrap();
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")
            .await;
        wire.until_gone().await;
    })
    .await;
    let (error, took) = timed(&client, &server.url("/t"), MINUTE).await;
    assert_in_doubt(&error, SendFailure::Timeout);
    assert_about(took, 7 * SECOND);
}

// FAULTS.md row 24
#[tokio::test(start_paused = true)]
async fn a_slow_body_hits_the_deadline() {
    let client = Client::new().unwrap();
    let server = RawServer::start(|mut wire| async move {
        wire.request().await;
        wire.say(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while wire.say(b"x").await {
            tokio::time::sleep(SECOND).await;
        }
    })
    .await;
    let (error, took) = timed(&client, &server.url("/t"), MINUTE).await;
    assert_in_doubt(&error, SendFailure::Timeout);
    assert_about(took, MINUTE);
}

// FAULTS.md row 10
#[tokio::test]
async fn an_answer_is_read_though_its_time_was_over_while_the_process_was_frozen() {
    for frozen in [MINUTE * 3 / 4, 10 * MINUTE] {
        let answer = answer_of("{}");
        let (server, mut receives, thaw) = RawServer::answering_when_told(answer).await;
        let client = Client::new().unwrap();
        let url = server.url("/t");
        let sending = tokio::spawn(async move { send_refresh(&client, &url).await });
        receives.recv().await.unwrap();
        // The time passes in one step, so that each timer of the client fires too late.
        pass(frozen).await;
        tokio::task::yield_now().await;
        thaw.notify_one();
        let answer = sending.await.unwrap().unwrap();
        assert_eq!(answer.body(), "{}", "{frozen:?}");
    }
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_stalled_handshake_sent_nothing() {
    let server = silent().await;
    let url = format!("https://{}/t", server.address());
    let client = Client::new().unwrap();
    let (error, took) = timed(&client, &url, MINUTE).await;
    assert_unsent(&error, SendFailure::Timeout);
    assert_about(took, 10 * SECOND);
    let (error, took) = timed(&client, &url, 3 * SECOND).await;
    assert_unsent(&error, SendFailure::Timeout);
    assert_about(took, 3 * SECOND);
    assert_eq!(server.heard().count("POST"), 0);
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_read_timeout_shorter_than_the_handshake_sent_nothing() {
    let url = format!("https://{}/t", silent().await.address());
    let client = Client::builder().read_timeout(SECOND).build().unwrap();
    let (error, took) = timed(&client, &url, MINUTE).await;
    assert_unsent(&error, SendFailure::Timeout);
    assert_about(took, SECOND);
}
