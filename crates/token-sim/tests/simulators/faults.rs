//! Every fault, seen from a client's socket.

mod connections;

use std::net::SocketAddr;
use std::time::Duration;

use token_sim::{Answer, Echo, Fault, Kind, OAuth2Server, Outcome, RetryAfter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::oauth2::{refresh_request, sim};
use crate::support::{Request, Response};

fn refresh(sim: &OAuth2Server) -> (Request, String) {
    let token = sim.grant().refresh_token().unwrap().to_owned();
    (refresh_request(&token), token)
}

async fn send(sim: &OAuth2Server) -> std::io::Result<Response> {
    refresh(sim).0.send(sim.addr()).await
}

fn outcome(sim: &OAuth2Server, number: usize) -> Outcome {
    sim.exchanges()[number - 1].outcome.clone()
}

// FAULTS.md row 22
#[tokio::test]
async fn a_captive_portal_answers_html_with_200() {
    let sim = sim().await;
    sim.fault(Fault::html());
    let response = send(&sim).await.unwrap();
    response.assert_status(200);
    assert!(
        response
            .header("content-type")
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
        let response = send(&sim).await.unwrap();
        assert_eq!(response.status, status);
        assert_eq!(response.header("location"), Some("http://127.0.0.1:9/else"));
    }
}

// FAULTS.md row 32
#[tokio::test]
async fn retry_after_may_be_seconds_a_date_or_malformed() {
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
        let response = send(&sim).await.unwrap();
        assert_eq!(
            (response.status, response.header("retry-after")),
            (status, header)
        );
    }
    assert_eq!(sim.issued_count(), 0);
}

#[tokio::test]
async fn a_gateway_may_hide_what_the_vendor_did() {
    let sim = sim().await;
    sim.fault(Fault::status(502).after_acting());
    send(&sim).await.unwrap().assert_status(502);
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
        let response = refresh_request(token).answer(sim.addr()).await;
        let quoted = match echo {
            Echo::Raw => token,
            Echo::Percent => "a%2Bb%2Fc%20d%7E%C3%A9",
            Echo::Base64 => "YStiL2MgZH7DqQ==",
        };
        assert_eq!(
            response.text("/error_description"),
            format!("Invalid token: {quoted}")
        );
        response.assert_status(400);
    }
}

#[tokio::test]
async fn a_canned_answer_is_sent_as_it_is() {
    let sim = sim().await;
    let answer = Answer::new(418)
        .header("x-pot", "tea")
        .body(b"\xef\xbb\xbf{}".to_vec());
    sim.fault(Fault::answer(answer));
    let response = send(&sim).await.unwrap();
    assert_eq!(
        (response.status, response.header("x-pot")),
        (418, Some("tea"))
    );
    assert_eq!(response.body, b"\xef\xbb\xbf{}");
}

#[tokio::test]
async fn faults_are_queued_and_counted() {
    let sim = sim().await;
    sim.fault(Fault::status(500).times(2));
    sim.fault(Fault::status(503).until_cleared());
    let mut response = Vec::new();
    for _ in 0..4 {
        response.push(send(&sim).await.unwrap().status);
    }
    assert_eq!(response, [500, 500, 503, 503]);
    sim.clear_faults();
    send(&sim).await.unwrap().assert_status(200);
}

#[tokio::test]
async fn a_fault_keeps_to_its_scope() {
    let sim = sim().await;
    sim.fault(Fault::status(500));
    let bearer = format!("Bearer {}", sim.grant().access_token());
    let resource = || {
        Request::new("GET", "/resource")
            .auth(&bearer)
            .send(sim.addr())
    };
    resource().await.unwrap().assert_status(200);
    send(&sim).await.unwrap().assert_status(500);
    sim.fault(Fault::status(501).on_path("/resource"));
    send(&sim).await.unwrap().assert_status(200);
    resource().await.unwrap().assert_status(501);
    sim.fault(Fault::status(504).on_kind(Kind::Login));
    send(&sim).await.unwrap().assert_status(200);
    sim.clear_faults();
    sim.fault(Fault::status(505).on_every_request());
    resource().await.unwrap().assert_status(505);
}

// FAULTS.md row 18
#[tokio::test]
async fn the_date_header_follows_the_clock_plus_an_offset() {
    let sim = sim().await;
    assert_eq!(
        send(&sim).await.unwrap().header("date"),
        Some("Tue, 14 Nov 2023 22:13:20 GMT")
    );
    sim.clock().offset_date(-86_400_000);
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
