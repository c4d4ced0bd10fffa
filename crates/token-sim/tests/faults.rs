//! Every fault that a simulator can be told to have, seen from a client's socket.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

mod support;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use support::{Ask, Seen};
use token_sim::{Answer, Echo, Fault, Kind, OAuth2Server, Outcome, RetryAfter, SimClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn sim() -> OAuth2Server {
    OAuth2Server::builder()
        .clock(SimClock::frozen(1_700_000_000_000))
        .start()
        .await
        .unwrap()
}

fn refresh(sim: &OAuth2Server) -> (Ask, String) {
    let token = sim.grant().refresh_token().unwrap().to_owned();
    (refresh_with(&token), token)
}

fn refresh_with(token: &str) -> Ask {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    Ask::new("POST", "/api/v1/oauth2/token")
        .basic("sim-client", "sim-secret")
        .form(&form)
}

async fn send(sim: &OAuth2Server) -> std::io::Result<Seen> {
    refresh(sim).0.send(sim.addr()).await
}

fn outcome(sim: &OAuth2Server, number: usize) -> Outcome {
    sim.exchanges()[number - 1].outcome.clone()
}

/// All bytes until the end, and how it ended.
async fn drain(addr: SocketAddr, ask: Ask) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&ask.bytes()).await.unwrap();
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
    assert_eq!(send(&sim).await.unwrap().status, 200);
}

// FAULTS.md row 34
#[tokio::test]
async fn a_reset_before_acting_spends_nothing() {
    let sim = sim().await;
    let (ask, token) = refresh(&sim);
    sim.fault(Fault::reset_before_acting());
    assert_eq!(
        ask.send(sim.addr()).await.err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(outcome(&sim, 1), Outcome::Unasked);
    assert!(!sim.exchanges()[0].delivered);
    assert_eq!(
        refresh_with(&token).send(sim.addr()).await.unwrap().status,
        200
    );
    assert_eq!(sim.undelivered_issued(), 0);
}

// FAULTS.md rows 2 and 34
#[tokio::test]
async fn a_reset_after_acting_loses_the_token() {
    let sim = sim().await;
    let (ask, token) = refresh(&sim);
    sim.fault(Fault::reset_after_acting());
    let (bytes, end) = drain(sim.addr(), ask).await;
    assert!(bytes.is_empty());
    assert_eq!(end.err().unwrap().kind(), ErrorKind::ConnectionReset);
    assert_eq!(outcome(&sim, 1), Outcome::Issued { generation: 2 });
    assert_eq!(sim.undelivered_issued(), 1);
    assert_eq!(
        refresh_with(&token).send(sim.addr()).await.unwrap().status,
        400
    );
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
    assert_eq!(send(&sim).await.unwrap().status, 200);
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
    assert_eq!(send(&sim).await.unwrap().status, 200);
    assert_eq!(sim.undelivered_issued(), 1);
}

// FAULTS.md row 22
#[tokio::test]
async fn a_captive_portal_answers_html_with_200() {
    let sim = sim().await;
    sim.fault(Fault::html());
    let seen = send(&sim).await.unwrap();
    assert_eq!(seen.status, 200);
    assert!(
        seen.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(outcome(&sim, 1), Outcome::Unasked);
    assert!(sim.exchanges()[0].delivered);
}

// FAULTS.md row 29
#[tokio::test]
async fn a_redirect_points_elsewhere() {
    let sim = sim().await;
    for status in [302, 307] {
        sim.fault(Fault::redirect(status, "http://127.0.0.1:9/else"));
        let seen = send(&sim).await.unwrap();
        assert_eq!(seen.status, status);
        assert_eq!(seen.header("location"), Some("http://127.0.0.1:9/else"));
    }
}

// FAULTS.md row 32
#[tokio::test]
async fn retry_after_speaks_seconds_dates_and_nonsense() {
    let sim = sim().await;
    let date = RetryAfter::Date(1_700_000_060_000);
    let faults = [
        (
            Fault::too_many_requests(RetryAfter::Seconds(7)),
            429,
            Some("7"),
        ),
        (
            Fault::unavailable(date),
            503,
            Some("Tue, 14 Nov 2023 22:14:20 GMT"),
        ),
        (
            Fault::unavailable(RetryAfter::Text("-99999999999999999999")),
            503,
            Some("-99999999999999999999"),
        ),
        (Fault::unavailable(RetryAfter::Absent), 503, None),
        (Fault::status(502), 502, None),
    ];
    for (fault, status, header) in faults {
        sim.fault(fault);
        let seen = send(&sim).await.unwrap();
        assert_eq!((seen.status, seen.header("retry-after")), (status, header));
    }
    assert_eq!(sim.issued_count(), 0);
}

#[tokio::test]
async fn a_gateway_may_hide_what_the_vendor_did() {
    let sim = sim().await;
    sim.fault(Fault::status(502).after_acting());
    assert_eq!(send(&sim).await.unwrap().status, 502);
    assert_eq!(sim.issued_count(), 1);
    assert_eq!(sim.undelivered_issued(), 1);
}

// FAULTS.md row 26
#[tokio::test]
async fn an_error_text_quotes_the_token() {
    let sim = sim().await;
    for echo in [Echo::Raw, Echo::Percent, Echo::Base64] {
        let token = "a+b/c d~é";
        sim.fault(Fault::echo(echo));
        let seen = refresh_with(token).send(sim.addr()).await.unwrap();
        let quoted = match echo {
            Echo::Raw => token,
            Echo::Percent => "a%2Bb%2Fc%20d%7E%C3%A9",
            Echo::Base64 => "YStiL2MgZH7DqQ==",
        };
        assert_eq!(
            seen.text("/error_description"),
            format!("Invalid token: {quoted}")
        );
        assert_eq!(seen.status, 400);
    }
}

#[tokio::test]
async fn a_canned_answer_is_sent_as_it_is() {
    let sim = sim().await;
    let answer = Answer::new(418)
        .header("x-pot", "tea")
        .body(b"\xef\xbb\xbf{}".to_vec());
    sim.fault(Fault::answer(answer));
    let seen = send(&sim).await.unwrap();
    assert_eq!((seen.status, seen.header("x-pot")), (418, Some("tea")));
    assert_eq!(seen.body, b"\xef\xbb\xbf{}");
}

#[tokio::test]
async fn faults_wait_in_a_line_and_count() {
    let sim = sim().await;
    sim.fault(Fault::status(500).times(2));
    sim.fault(Fault::status(503).until_cleared());
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(send(&sim).await.unwrap().status);
    }
    assert_eq!(seen, [500, 500, 503, 503]);
    sim.clear_faults();
    assert_eq!(send(&sim).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_fault_keeps_to_its_scope() {
    let sim = sim().await;
    sim.fault(Fault::status(500));
    let bearer = format!("Bearer {}", sim.grant().access_token());
    let resource = || Ask::new("GET", "/resource").auth(&bearer).send(sim.addr());
    assert_eq!(resource().await.unwrap().status, 200);
    assert_eq!(send(&sim).await.unwrap().status, 500);
    sim.fault(Fault::status(501).on_path("/resource"));
    assert_eq!(send(&sim).await.unwrap().status, 200);
    assert_eq!(resource().await.unwrap().status, 501);
    sim.fault(Fault::status(504).on_kind(Kind::Login));
    assert_eq!(send(&sim).await.unwrap().status, 200);
    sim.clear_faults();
    sim.fault(Fault::status(505).on_every_request());
    assert_eq!(resource().await.unwrap().status, 505);
}

#[tokio::test]
async fn a_delay_passes_before_the_vendor_acts() {
    let sim = sim().await;
    sim.fault(Fault::delay(Duration::from_millis(30)));
    assert_eq!(send(&sim).await.unwrap().status, 200);
    assert_eq!(outcome(&sim, 1), Outcome::Issued { generation: 2 });
}

// FAULTS.md row 18
#[tokio::test]
async fn the_date_header_follows_the_clock_and_may_lie() {
    let sim = sim().await;
    assert_eq!(
        send(&sim).await.unwrap().header("date"),
        Some("Tue, 14 Nov 2023 22:13:20 GMT")
    );
    sim.clock().lie_about_date(-86_400_000);
    assert_eq!(
        send(&sim).await.unwrap().header("date"),
        Some("Mon, 13 Nov 2023 22:13:20 GMT")
    );
    sim.fault(Fault::status(500));
    assert_eq!(
        send(&sim).await.unwrap().header("date"),
        Some("Mon, 13 Nov 2023 22:13:20 GMT")
    );
}
