//! Servers that never answer, and revocations that fail.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod support;

use support::Ask;
use token_sim::{Fault, Kind, OAuth2Server, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn refresh(token: &str) -> Ask {
    Ask::new("POST", "/api/v1/oauth2/token")
        .basic("sim-client", "sim-secret")
        .form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn revoke(token: &str) -> Ask {
    Ask::new("POST", "/api/v1/oauth2/revoke")
        .basic("sim-client", "sim-secret")
        .form(&[("token", token)])
}

/// Everything that the server says to a client that sends this and closes its side.
async fn answered(sim: &OAuth2Server, ask: Ask) -> Vec<u8> {
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(&ask.bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

// FAULTS.md row 99
#[tokio::test]
async fn a_revocation_may_fail_and_the_grant_lives_on() {
    let sim = OAuth2Server::start().await.unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    for status in [404, 500] {
        sim.fault(Fault::status(status).on_kind(Kind::Revocation));
        let seen = revoke(&token).send(sim.addr()).await.unwrap();
        assert_eq!(seen.status, status);
    }
    sim.fault(Fault::no_answer().on_kind(Kind::Revocation));
    assert!(answered(&sim, revoke(&token)).await.is_empty());
    let calls = sim.journal().other_calls();
    assert!(calls.iter().all(|call| call.outcome == Outcome::Unasked));
    assert_eq!(calls.len(), 3);
    assert_eq!(refresh(&token).send(sim.addr()).await.unwrap().status, 200);
}

// FAULTS.md row 51
#[tokio::test]
async fn a_vendor_may_act_and_never_answer() {
    let sim = OAuth2Server::start().await.unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    sim.fault(Fault::no_answer().after_acting());
    assert!(answered(&sim, refresh(&token)).await.is_empty());
    assert_eq!(
        sim.exchange(1).await.outcome,
        Outcome::Issued { generation: 2 }
    );
    assert_eq!(sim.undelivered_issued(), 1);
    assert_eq!(refresh(&token).send(sim.addr()).await.unwrap().status, 400);
}
