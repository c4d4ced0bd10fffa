//! Both endpoints against simulated servers, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be built fails the test that asked for it"
)]

mod access_key;
mod end_user;
mod refusals;

use std::time::Duration;

use token_core::reexports::{Bytes, http};
use token_core::{Error, Outcome, Request, Timestamp, Token, TokenEndpoint};
use token_reqwest::ReqwestClient;
use token_sim::Simulation;
use token_testkit::{attempt, call, exchange};

const START: i64 = 1_750_000_000_000;

fn now(sim: &Simulation) -> Timestamp {
    Timestamp::from_unix_millis(sim.clock().now_ms())
}

/// Sends a request of the endpoint, and returns the token of the answer.
async fn issued(
    endpoint: &impl TokenEndpoint,
    sim: &Simulation,
    request: Result<Request, Error>,
) -> Result<Token, Error> {
    match exchange(endpoint, &ReqwestClient::new().unwrap(), request?, now(sim)).await? {
        Outcome::Issued(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

async fn refresh(
    endpoint: &impl TokenEndpoint,
    sim: &Simulation,
    token: &Token,
) -> Result<Token, Error> {
    let request = endpoint.refresh(token, &attempt(now(sim), 3));
    issued(endpoint, sim, request).await
}

/// The status of the protected resource for this token.
async fn resource_status(endpoint: &impl TokenEndpoint, sim: &Simulation, token: &Token) -> u16 {
    let request = http::Request::get(sim.resource_url())
        .body(Bytes::new())
        .unwrap();
    let http = ReqwestClient::new().unwrap();
    let response = call(endpoint, &http, token, request, now(sim)).await;
    response.unwrap().status().as_u16()
}
