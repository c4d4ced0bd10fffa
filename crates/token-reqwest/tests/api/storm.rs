//! Tokens that are revoked at random under many requests at the same time.

use reqwest::Request;
use token_cache::TokenCache;
use token_testkit::{ApiRefusal, RevocationStorm};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::fixture::{Adapter, answered, following, seen};

const CALLERS: usize = 200;

/// Returns how many revocations a storm has: ten, or as `STORM_REVOCATIONS` says.
fn wanted() -> u64 {
    let wanted = std::env::var("STORM_REVOCATIONS");
    wanted.map_or(10, |number| number.parse().unwrap())
}

async fn survives(refusal: ApiRefusal, adapter: impl Fn(TokenCache) -> Adapter) {
    let server = MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    let storm = RevocationStorm::new(&server.uri(), refusal, 7).unwrap();
    let answering = storm.clone();
    let mock = Mock::given(any()).respond_with(move |request: &wiremock::Request| {
        answered(&answering.answer(&seen(request)))
    });
    mock.mount(&server).await;
    let tokens = TokenCache::builder(storm.vendor().clone())
        .http_client(storm.vendor().clone())
        .clock(storm.clock().clone())
        .build()
        .unwrap();
    let adapter = adapter(tokens);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(caller(storm.clone(), adapter.clone())))
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    // The server's drop blocks, and spins forever if this poll has used up tokio's budget.
    tokio::task::yield_now().await;
    assert_eq!(storm.findings(), Vec::<String>::new());
    assert!(storm.revocations() >= wanted());
}

async fn caller(storm: RevocationStorm, adapter: Adapter) {
    while storm.revocations() < wanted() {
        let in_flight = storm.begin();
        let request = Request::try_from(in_flight.request()).unwrap();
        in_flight.end(adapter.send(request).await.map(|answer| {
            let mut plain = http::Response::new(bytes::Bytes::new());
            *plain.status_mut() = answer.status();
            plain
        }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn execute_survives_a_storm_of_revocations() {
    for refusal in [ApiRefusal::Status, ApiRefusal::Code] {
        survives(refusal, |tokens| Adapter::Execute(tokens, following())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_middleware_survives_a_storm_of_revocations() {
    for refusal in [ApiRefusal::Status, ApiRefusal::Code] {
        let adapter = |tokens| Adapter::Middleware(token_reqwest::client(tokens, following()));
        survives(refusal, adapter).await;
    }
}
