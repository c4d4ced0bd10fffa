//! EnOS APIM.

use std::time::Duration;

use serde_json::{Value, json};
use token_sim::{EnosServer, EnosServerBuilder, OldToken, Outcome, SimClock, StatusSpelling};

use crate::NOW;
use crate::support::{Request, Response, issued, sha256};

const GET: &str = "/apim-token-service/v2.0/token/get";

const REFRESH: &str = "/apim-token-service/v2.0/token/refresh";

fn vector(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn sim() -> EnosServer {
    start(EnosServer::builder()).await
}

async fn start(builder: EnosServerBuilder) -> EnosServer {
    let builder = builder.app("app-key-1", "app-secret-1");
    builder.clock(SimClock::frozen(NOW)).start().await.unwrap()
}

fn signed(timestamp: i64) -> Value {
    let encryption = sha256(&format!("app-key-1{timestamp}app-secret-1"));
    json!({ "appKey": "app-key-1", "encryption": encryption, "timestamp": timestamp })
}

async fn post(sim: &EnosServer, path: &str, body: &Value) -> Response {
    Request::new("POST", path)
        .json(body)
        .answer(sim.addr())
        .await
}

async fn refresh(sim: &EnosServer, token: &str, timestamp: i64) -> Response {
    let mut body = signed(timestamp);
    body["accessToken"] = token.into();
    post(sim, REFRESH, &body).await
}

/// Returns the status, in either spelling.
fn status(response: &Response) -> i64 {
    response.number("/status").max(response.number("/stauts"))
}

async fn resource(sim: &EnosServer, token: &str, secret: &str) -> i64 {
    let timestamp = sim.clock().now_ms().to_string();
    let signature = sha256(&format!("{token}a1b 2{{}}{timestamp}{secret}"));
    let request = Request::new("POST", "/resource?b=+2&a=1")
        .header("apim-accesstoken", token)
        .body("{}");
    let request = request
        .header("apim-timestamp", &timestamp)
        .header("apim-signature", &signature);
    let response = request.answer(sim.addr()).await;
    if response.status == 200 {
        200
    } else {
        response.number("/status")
    }
}

#[tokio::test]
async fn the_vectors_encryption_gets_a_token() {
    let sim = sim().await;
    let case = vector(include_str!("../data/enos-encryption/vector.json"));
    let body = json!({
        "appKey": case["app_key"],
        "encryption": case["encryption"],
        "timestamp": case["timestamp_ms"],
    });
    let response = post(&sim, GET, &body).await;
    assert_eq!(
        (
            response.status,
            response.number("/stauts"),
            response.number("/data/expire")
        ),
        (200, 0, 7200)
    );
    assert_eq!(response.text("/business"), "apim-token-service");
    assert_eq!(
        resource(&sim, &response.text("/data/accessToken"), "app-secret-1").await,
        200
    );
}

#[tokio::test]
async fn a_valid_token_is_returned_again_with_its_remaining_lifetime() {
    let sim = sim().await;
    let first = post(&sim, GET, &signed(NOW))
        .await
        .text("/data/accessToken");
    sim.clock().advance(Duration::from_secs(7000));
    let again = post(&sim, GET, &signed(NOW + 7_000_000)).await;
    assert_eq!(again.text("/data/accessToken"), first);
    assert_eq!(again.number("/data/expire"), 200);
    assert_eq!(
        sim.exchange(2).await.outcome,
        Outcome::Repeated { generation: 1 }
    );
    sim.clock().advance(Duration::from_secs(200));
    let next = post(&sim, GET, &signed(NOW + 7_200_000)).await;
    assert_ne!(next.text("/data/accessToken"), first);
    assert_eq!(sim.exchange(3).await.outcome, issued(2));
}

#[tokio::test]
async fn a_refresh_gives_a_full_lifetime_and_revokes_the_old_token() {
    let sim = sim().await;
    let first = sim.grant().access_token().to_owned();
    sim.clock().advance(Duration::from_secs(60));
    let response = refresh(&sim, &first, NOW + 60_000).await;
    assert_eq!(
        (response.number("/status"), response.number("/data/expire")),
        (0, 7200)
    );
    let next = response.text("/data/accessToken");
    assert_eq!(resource(&sim, &next, "app-secret-1").await, 200);
    assert_eq!(resource(&sim, &first, "app-secret-1").await, 401);
    assert_eq!(status(&refresh(&sim, &first, NOW + 60_001).await), 1204);
}

#[tokio::test]
async fn the_old_token_may_stay_valid() {
    let sim = start(EnosServer::builder().old_token(OldToken::StaysValid)).await;
    let first = sim.grant().access_token().to_owned();
    refresh(&sim, &first, NOW).await;
    assert_eq!(resource(&sim, &first, "app-secret-1").await, 200);
}

// FAULTS.md row 44
#[tokio::test]
async fn a_duplicated_encryption_is_refused_across_both_calls() {
    let sim = sim().await;
    let token = post(&sim, GET, &signed(NOW))
        .await
        .text("/data/accessToken");
    assert_eq!(status(&post(&sim, GET, &signed(NOW)).await), 1001);
    assert_eq!(status(&refresh(&sim, &token, NOW).await), 1001);
    assert_eq!(status(&refresh(&sim, &token, NOW + 1).await), 0);
}

// FAULTS.md row 20
#[tokio::test]
async fn a_skewed_clock_is_refused() {
    let sim = sim().await;
    assert_eq!(status(&post(&sim, GET, &signed(NOW - 600_001)).await), 1003);
    sim.clock().offset_date(3_600_000);
    assert_eq!(status(&post(&sim, GET, &signed(NOW + 600_000)).await), 0);
    let narrow = start(EnosServer::builder().clock_tolerance(Duration::ZERO)).await;
    assert_eq!(status(&post(&narrow, GET, &signed(NOW + 1)).await), 1003);
}

#[tokio::test]
async fn a_request_is_refused_for_its_reason() {
    let sim = sim().await;
    let changed = |name: &str, value: Value| {
        let mut body = signed(NOW);
        body[name] = value;
        body
    };
    let cases = [
        ("appKey", json!("other"), 1002),
        ("encryption", json!("other"), 1003),
        ("timestamp", json!(NOW + 1), 1003),
        ("timestamp", json!("soon"), 1004),
        ("timestamp", json!(true), 1004),
        ("appKey", json!(7), 1004),
        ("appKey", json!(""), 1202),
        ("encryption", Value::Null, 1202),
        ("timestamp", json!(""), 1202),
    ];
    for (name, value, code) in cases {
        let response = post(&sim, GET, &changed(name, value)).await;
        assert_eq!((response.status, status(&response)), (200, code), "{name}");
        assert!(response.json()["data"].is_null());
    }
    let incomplete = Request::new("POST", GET).body("{").answer(sim.addr()).await;
    assert_eq!(status(&incomplete), 1004);
    assert_eq!(status(&post(&sim, REFRESH, &signed(NOW)).await), 1202);
    Request::new("GET", GET)
        .answer(sim.addr())
        .await
        .assert_status(405);
    assert_eq!(sim.issued_count(), 0);
}

#[tokio::test]
async fn a_timestamp_may_be_text() {
    let sim = sim().await;
    let mut body = signed(NOW);
    body["timestamp"] = NOW.to_string().into();
    assert_eq!(status(&post(&sim, GET, &body).await), 0);
}

#[tokio::test]
async fn an_expired_token_is_not_refreshed() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    sim.clock().advance(Duration::from_secs(7200));
    assert_eq!(status(&refresh(&sim, &token, NOW + 7_200_000).await), 1203);
    assert_eq!(
        status(&refresh(&sim, "unknown", NOW + 7_200_001).await),
        1204
    );
}

// FAULTS.md row 16
#[tokio::test]
async fn the_status_is_spelt_as_configured() {
    for (spelling, get, refreshed) in [
        (StatusSpelling::AsInSamples, "/stauts", "/status"),
        (StatusSpelling::Status, "/status", "/status"),
        (StatusSpelling::Stauts, "/stauts", "/stauts"),
    ] {
        let sim = start(EnosServer::builder().status_spelling(spelling)).await;
        let response = post(&sim, GET, &signed(NOW)).await;
        assert_eq!(response.number(get), 0);
        assert_eq!(
            refresh(&sim, &response.text("/data/accessToken"), NOW + 1)
                .await
                .number(refreshed),
            0
        );
    }
}

// FAULTS.md row 104
#[tokio::test]
async fn a_refusal_spells_the_status_as_the_tables_do() {
    for (spelling, spelt, other) in [
        (StatusSpelling::AsInSamples, "/status", "/stauts"),
        (StatusSpelling::Status, "/status", "/stauts"),
        (StatusSpelling::Stauts, "/stauts", "/status"),
    ] {
        let sim = start(EnosServer::builder().status_spelling(spelling)).await;
        for path in [GET, REFRESH] {
            let response = post(&sim, path, &json!({})).await;
            assert_eq!(
                (response.number(spelt), response.json().pointer(other)),
                (1202, None),
                "{spelling:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_gateway_checks_the_signature() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    assert_eq!(resource(&sim, &token, "app-secret-1").await, 200);
    assert_eq!(resource(&sim, &token, "other").await, 497);
    let bare = Request::new("GET", "/resource").header("apim-accesstoken", &token);
    assert_eq!(bare.answer(sim.addr()).await.number("/status"), 497);
    let upload = Request::new("POST", "/resource").header("apim-accesstoken", &token);
    let upload = upload.header("content-type", "multipart/form-data; boundary=x");
    upload.answer(sim.addr()).await.assert_status(200);
}

// FAULTS.md row 35
#[tokio::test]
async fn a_revoked_token_is_401_and_a_get_issues_another() {
    let sim = sim().await;
    let token = sim.grant().access_token().to_owned();
    sim.revoke_access_token();
    assert_eq!(resource(&sim, &token, "app-secret-1").await, 401);
    let next = post(&sim, GET, &signed(NOW))
        .await
        .text("/data/accessToken");
    assert_ne!(next, token);
    sim.disable_account();
    assert_eq!(resource(&sim, &next, "app-secret-1").await, 401);
    assert_eq!(status(&post(&sim, GET, &signed(NOW + 1)).await), 1002);
    sim.enable_account();
    assert_eq!(resource(&sim, &next, "app-secret-1").await, 200);
}
