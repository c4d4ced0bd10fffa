//! Slow servers. tokio's time is paused and advances when all tasks wait.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use token_core::{HttpClient, SendError, SendFailure};
use token_reqwest::ReqwestClient;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::raw::{
    MINUTE, RawServer, Wire, answer_of, assert_in_doubt, assert_unsent, refresh, send_refresh,
};

const SECOND: Duration = Duration::from_secs(1);

async fn timed(client: &ReqwestClient, url: &str, within: Duration) -> (SendError, Duration) {
    let begun = Instant::now();
    let error = client.send(refresh(url), within).await.unwrap_err();
    (error, begun.elapsed())
}

#[track_caller]
fn assert_about(took: Duration, expected: Duration) {
    assert!(took >= expected && took < expected + SECOND, "{took:?}");
}

async fn silent() -> RawServer {
    RawServer::start(Wire::until_gone).await
}

// FAULTS.md row 24
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_in_doubt_after_the_timeout() {
    let client = ReqwestClient::new().unwrap();
    let (error, took) = timed(&client, &silent().await.url("/t"), 5 * SECOND).await;
    assert_in_doubt(&error, SendFailure::Timeout);
    assert_about(took, 5 * SECOND);
}

// FAULTS.md row 24
#[tokio::test(start_paused = true)]
async fn a_server_that_stops_sending_hits_the_read_timeout() {
    let client = ReqwestClient::builder()
        .read_timeout(7 * SECOND)
        .build()
        .unwrap();
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
    let client = ReqwestClient::new().unwrap();
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
        let (received, mut receives) = mpsc::unbounded_channel();
        let thaw = Arc::new(Notify::new());
        let thawed = Arc::clone(&thaw);
        let server = RawServer::start(move |mut wire| {
            let (received, thawed) = (received.clone(), Arc::clone(&thawed));
            async move {
                wire.request().await;
                _ = received.send(());
                thawed.notified().await;
                wire.say(&answer_of("{}")).await;
            }
        })
        .await;
        let client = ReqwestClient::new().unwrap();
        let url = server.url("/t");
        let sending = tokio::spawn(async move { send_refresh(&client, &url).await });
        receives.recv().await.unwrap();
        // The time passes in one step, so that each timer of the client fires too late.
        tokio::time::pause();
        tokio::time::advance(frozen).await;
        tokio::time::resume();
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
    let client = ReqwestClient::new().unwrap();
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
    let client = ReqwestClient::builder()
        .read_timeout(SECOND)
        .build()
        .unwrap();
    let (error, took) = timed(&client, &url, MINUTE).await;
    assert_unsent(&error, SendFailure::Timeout);
    assert_about(took, SECOND);
}

#[tokio::test(start_paused = true)]
async fn from_client_cannot_tell_that_it_was_still_connecting() {
    let url = format!("https://{}/t", silent().await.address());
    let own = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none());
    let client = ReqwestClient::from_client(own.build().unwrap()).unwrap();
    let (error, _) = timed(&client, &url, SECOND).await;
    assert_in_doubt(&error, SendFailure::Timeout);
}

struct NoSuchName;

impl Resolve for NoSuchName {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err("no such name: s3cr3t".into()) })
    }
}

struct SilentResolver;

impl Resolve for SilentResolver {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::pending())
    }
}

/// Knows the address when it is told so.
struct LateResolver(Arc<Notify>, SocketAddr);

impl Resolve for LateResolver {
    fn resolve(&self, _: Name) -> Resolving {
        let (told, address) = (Arc::clone(&self.0), self.1);
        Box::pin(async move {
            told.notified().await;
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}

fn resolving_with(resolver: impl Resolve + 'static) -> ReqwestClient {
    let resolver = Arc::new(resolver);
    ReqwestClient::from_builder(move || {
        let settings = reqwest::Client::builder().no_proxy();
        settings.dns_resolver(Arc::clone(&resolver))
    })
    .unwrap()
}

// FAULTS.md row 47
#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_resolve_sent_nothing() {
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://vendor.example/t");
        let (error, _) = timed(&resolving_with(NoSuchName), &url, MINUTE).await;
        assert_unsent(&error, SendFailure::Resolve);
        assert_eq!(error.to_string(), "the host name could not be resolved");
        let (error, _) = timed(&resolving_with(SilentResolver), &url, MINUTE).await;
        assert_unsent(&error, SendFailure::Timeout);
    }
}

// FAULTS.md row 2
#[tokio::test(start_paused = true)]
async fn a_request_is_not_sent_after_a_freeze_that_outlasts_its_time() {
    let server = RawServer::answering(answer_of("{}")).await;
    let told = Arc::new(Notify::new());
    let client = resolving_with(LateResolver(Arc::clone(&told), server.address()));
    let url = format!("http://vendor.example:{}/t", server.address().port());
    let sending = tokio::spawn(async move { send_refresh(&client, &url).await });
    tokio::task::yield_now().await;
    told.notify_one();
    tokio::time::advance(10 * MINUTE).await;
    assert_unsent(&sending.await.unwrap().unwrap_err(), SendFailure::Timeout);
    assert_eq!(server.heard().count("POST"), 0);
}
