//! Connections that break, stall or never answer.

use std::io::ErrorKind;

use super::*;
use crate::support::issued;

/// Returns all bytes until the end, and how it ended.
async fn drain(addr: SocketAddr, request: Request) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&request.bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (bytes, end)
}

// FAULTS.md row 34
#[tokio::test]
async fn a_reset_before_reading_leaves_no_trace() {
    let sim = sim().await;
    sim.fault(Fault::reset_before_reading());
    assert_eq!(
        send(&sim).await.err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(sim.exchange_count(), 0);
    send(&sim).await.unwrap().assert_status(200);
}

// FAULTS.md row 34
#[tokio::test]
async fn a_reset_before_acting_spends_nothing() {
    let sim = sim().await;
    let (request, token) = refresh(&sim);
    sim.fault(Fault::reset_before_acting());
    assert_eq!(
        request.send(sim.addr()).await.err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(outcome(&sim, 1), Outcome::Unasked);
    assert!(!sim.exchanges()[0].delivered);
    refresh_request(&token)
        .answer(sim.addr())
        .await
        .assert_status(200);
    assert_eq!(sim.undelivered_issued(), 0);
}

// FAULTS.md rows 2 and 34
#[tokio::test]
async fn a_reset_after_acting_loses_the_token() {
    let sim = sim().await;
    let (request, token) = refresh(&sim);
    sim.fault(Fault::reset_after_acting());
    let (bytes, end) = drain(sim.addr(), request).await;
    assert!(bytes.is_empty());
    assert_eq!(end.err().unwrap().kind(), ErrorKind::ConnectionReset);
    assert_eq!(outcome(&sim, 1), issued(2));
    assert_eq!(sim.undelivered_issued(), 1);
    refresh_request(&token)
        .answer(sim.addr())
        .await
        .assert_status(400);
    assert!(sim.saw_reuse());
}

#[tokio::test]
async fn a_close_is_no_reset() {
    let sim = sim().await;
    for (fault, issued) in [
        (Fault::close_before_acting(), 0),
        (Fault::close_after_acting(), 1),
    ] {
        sim.fault(fault);
        let (bytes, end) = drain(sim.addr(), refresh(&sim).0).await;
        assert!(bytes.is_empty());
        assert_eq!(end.unwrap(), 0);
        assert_eq!(sim.undelivered_issued(), issued);
    }
}

// FAULTS.md row 25
#[tokio::test]
async fn a_cut_answer_arrives_in_part() {
    let sim = sim().await;
    sim.fault(Fault::cut_in_headers());
    let (bytes, end) = drain(sim.addr(), refresh(&sim).0).await;
    assert!(end.is_ok() && bytes.starts_with(b"HTTP/1.1 200"));
    assert!(!bytes.windows(4).any(|window| window == b"\r\n\r\n"));
    sim.fault(Fault::cut_in_body());
    let (bytes, end) = drain(sim.addr(), refresh(&sim).0).await;
    assert!(end.is_ok() && bytes.windows(4).any(|window| window == b"\r\n\r\n"));
    assert!(!bytes.ends_with(b"}"));
    assert_eq!(sim.undelivered_issued(), 2);
}

// FAULTS.md row 24
#[tokio::test]
async fn a_drip_arrives_in_the_end() {
    let sim = sim().await;
    sim.fault(Fault::drip(64, Duration::from_millis(1)));
    send(&sim).await.unwrap().assert_status(200);
    assert!(sim.exchanges()[0].delivered);
}

// FAULTS.md row 24
#[tokio::test]
async fn a_flood_does_not_end() {
    let sim = sim().await;
    sim.fault(Fault::flood());
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(&refresh(&sim).0.bytes()).await.unwrap();
    let mut piece = vec![0; 1 << 20];
    stream.read_exact(&mut piece).await.unwrap();
    assert!(piece.starts_with(b"HTTP/1.1 200 OK"));
    drop(stream);
    send(&sim).await.unwrap().assert_status(200);
    assert_eq!(sim.undelivered_issued(), 1);
}

#[tokio::test]
async fn a_delay_passes_before_the_vendor_acts() {
    let sim = sim().await;
    sim.fault(Fault::delay(Duration::from_millis(30)));
    send(&sim).await.unwrap().assert_status(200);
    assert_eq!(outcome(&sim, 1), issued(2));
}

fn revoke(token: &str) -> Request {
    Request::new("POST", "/api/v1/oauth2/revoke")
        .basic("sim-client", "sim-secret")
        .form(&[("token", token)])
}

/// Returns everything that the server sends to a client that sends this and closes its side.
async fn answered(sim: &OAuth2Server, request: Request) -> Vec<u8> {
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    stream.write_all(&request.bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

// FAULTS.md row 99
#[tokio::test]
async fn a_revocation_may_fail_and_leave_the_grant_valid() {
    let sim = OAuth2Server::start().await.unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    for status in [404, 500] {
        sim.fault(Fault::status(status).on_kind(Kind::Revocation));
        let response = revoke(&token).answer(sim.addr()).await;
        assert_eq!(response.status, status);
    }
    sim.fault(Fault::no_answer().on_kind(Kind::Revocation));
    assert!(answered(&sim, revoke(&token)).await.is_empty());
    let calls = sim.journal().other_calls();
    assert!(calls.iter().all(|call| call.outcome == Outcome::Unasked));
    assert_eq!(calls.len(), 3);
    refresh_request(&token)
        .answer(sim.addr())
        .await
        .assert_status(200);
}

// FAULTS.md row 51
#[tokio::test]
async fn a_vendor_may_act_and_not_answer() {
    let sim = OAuth2Server::start().await.unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    sim.fault(Fault::no_answer().after_acting());
    assert!(answered(&sim, refresh_request(&token)).await.is_empty());
    assert_eq!(sim.exchange(1).await.outcome, issued(2));
    assert_eq!(sim.undelivered_issued(), 1);
    refresh_request(&token)
        .answer(sim.addr())
        .await
        .assert_status(400);
}
