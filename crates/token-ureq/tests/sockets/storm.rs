//! Tokens that are revoked at random under many threads at the same time.

use std::thread;

use bytes::Bytes;
use http::Response;
use token_cache::TokenCache;
use token_testkit::{ApiRefusal, RevocationStorm};
use ureq::{Agent, RequestExt};

use crate::api::Api;

const CALLERS: usize = 200;

/// Returns how many revocations a storm has: ten, or as `STORM_REVOCATIONS` says.
fn wanted() -> u64 {
    let wanted = std::env::var("STORM_REVOCATIONS");
    wanted.map_or(10, |number| number.parse().unwrap())
}

#[test]
fn an_agent_survives_a_storm_of_revocations() {
    for (refusal, is_strict) in [
        (ApiRefusal::Status, true),
        (ApiRefusal::Status, false),
        (ApiRefusal::Code, true),
    ] {
        let api = Api::start();
        let storm = RevocationStorm::new(&api.uri(), refusal, 7).unwrap();
        let answering = storm.clone();
        api.answers(move |request| answering.answer(request));
        let tokens = TokenCache::builder(storm.vendor().clone())
            .http_client(storm.vendor().clone())
            .clock(storm.clock().clone())
            .build()
            .unwrap();
        let agent = token_ureq::agent(tokens.blocking(), |config| {
            config.http_status_as_error(is_strict).build().new_agent()
        });
        thread::scope(|threads| {
            for _ in 0..CALLERS {
                threads.spawn(|| call_until_the_end(&storm, &agent));
            }
        });
        assert_eq!(storm.findings(), Vec::<String>::new());
        assert!(storm.revocations() >= wanted());
    }
}

fn call_until_the_end(storm: &RevocationStorm, agent: &Agent) {
    while storm.revocations() < wanted() {
        let in_flight = storm.begin();
        let (parts, body) = in_flight.request().into_parts();
        let answer = match body.is_empty() {
            true => http::Request::from_parts(parts, ()).with_agent(agent).run(),
            false => http::Request::from_parts(parts, body.to_vec())
                .with_agent(agent)
                .run(),
        };
        in_flight.end(answer.map(|answer| {
            let mut plain = Response::new(Bytes::new());
            *plain.status_mut() = answer.status();
            plain
        }));
    }
}
