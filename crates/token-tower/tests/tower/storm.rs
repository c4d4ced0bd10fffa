//! Tokens that are revoked at random under many requests at the same time.

use http_body_util::Full;
use token_testkit::{ApiRefusal, RevocationStorm};
use token_tower::TokenService;
use token_tower::token_cache::TokenCache;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::{Request, Response};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::service::send;
use crate::sockets::{HyperClient, client};

const CALLERS: usize = 200;

/// Returns how many revocations a storm has: ten, or as `STORM_REVOCATIONS` says.
fn wanted() -> u64 {
    let wanted = std::env::var("STORM_REVOCATIONS");
    wanted.map_or(10, |number| number.parse().unwrap())
}

type Client = TokenService<HyperClient<Full<Bytes>>>;

fn answer(storm: &RevocationStorm, request: &wiremock::Request) -> ResponseTemplate {
    let mut seen = Request::new(Bytes::from(request.body.clone()));
    *seen.headers_mut() = request.headers.clone();
    *seen.uri_mut() = request.url.as_str().parse().unwrap();
    let (parts, body) = storm.answer(&seen).into_parts();
    let mut response = ResponseTemplate::new(parts.status.as_u16()).set_body_bytes(body);
    for (name, value) in &parts.headers {
        response = response.append_header(name, value);
    }
    response
}

async fn calls(storm: RevocationStorm, client: Client) {
    while storm.revocations() < wanted() {
        let in_flight = storm.begin();
        let request = in_flight.request().map(Full::new);
        let response = send(&client, request).await;
        in_flight.end(response.map(|response| {
            let mut bare = Response::new(Bytes::new());
            *bare.status_mut() = response.status();
            bare
        }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_carried_out_once_in_a_storm_of_revocations() {
    for refusal in [ApiRefusal::Status, ApiRefusal::Code] {
        let server = MockServer::builder().disable_request_recording();
        let server = server.start().await;
        let storm = RevocationStorm::new(&server.uri(), refusal, 7).unwrap();
        let answering = storm.clone();
        let mock = Mock::given(any()).respond_with(move |it: &_| answer(&answering, it));
        mock.mount(&server).await;
        let tokens = TokenCache::builder(storm.vendor().clone())
            .http_client(storm.vendor().clone())
            .clock(storm.clock().clone());
        let client = client(tokens.build().unwrap());
        let calling = || tokio::spawn(calls(storm.clone(), client.clone()));
        let callers: Vec<_> = (0..CALLERS).map(|_| calling()).collect();
        for caller in callers {
            caller.await.unwrap();
        }
        // The server's drop blocks, and spins forever if this poll has used up tokio's budget.
        tokio::task::yield_now().await;
        assert_eq!(storm.findings(), Vec::<String>::new(), "{refusal:?}");
        assert!(storm.revocations() >= wanted());
    }
}
