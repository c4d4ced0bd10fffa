//! The private cloud.

use std::time::Duration;

use token_sim::{ErrorShape, Kind, Outcome, PrivateCloudServer, Rotation, SimClock};

use crate::NOW;
use crate::support::{Request, Response, issued};

const BACK: &str = "https://app.example.com/cb?keep=1";

async fn sim() -> PrivateCloudServer {
    PrivateCloudServer::builder()
        .clock(SimClock::frozen(NOW))
        .start()
        .await
        .unwrap()
}

async fn redeem(sim: &PrivateCloudServer, code: &str, redirect_uri: &str) -> Response {
    redeem_as(sim, code, redirect_uri, "sim-secret").await
}

async fn redeem_as(
    sim: &PrivateCloudServer,
    code: &str,
    redirect_uri: &str,
    secret: &str,
) -> Response {
    let query = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
    ];
    let request = Request::new("POST", "/api/token.do")
        .query(&query)
        .basic("sim-client", secret);
    request.answer(sim.addr()).await
}

fn refresh_ask(path: &'static str, token: &str) -> Request {
    let query = [("grant_type", "refresh_token"), ("refresh_token", token)];
    Request::new("POST", path)
        .query(&query)
        .basic("sim-client", "sim-secret")
}

async fn refresh(sim: &PrivateCloudServer, token: &str) -> Response {
    refresh_ask("/api/refreshToken.do", token)
        .answer(sim.addr())
        .await
}

async fn resource(sim: &PrivateCloudServer, token: &str) -> u16 {
    Request::new("GET", "/resource")
        .auth(&format!("Bearer {token}"))
        .answer(sim.addr())
        .await
        .status
}

#[tokio::test]
async fn consent_leads_to_tokens() {
    let sim = sim().await;
    let query = [
        ("response_type", "code"),
        ("client_id", "sim-client"),
        ("redirect_uri", BACK),
        ("data", "x y"),
    ];
    let response = Request::new("GET", "/api/authorize.do")
        .query(&query)
        .answer(sim.addr())
        .await;
    response.assert_status(302);
    let location = response.header("location").unwrap();
    let code = location
        .strip_prefix(&format!("{BACK}&code="))
        .unwrap()
        .strip_suffix("&data=x%20y")
        .unwrap();
    let tokens = redeem(&sim, code, BACK).await;
    assert_eq!((tokens.status, tokens.number("/expires_in")), (200, 3600));
    assert_eq!(resource(&sim, &tokens.text("/access_token")).await, 200);
    assert_eq!(sim.exchange_count(), 1);
    assert_eq!(sim.exchanges()[0].kind, Kind::Redemption);
    assert_eq!(sim.journal().other_calls()[0].kind, Kind::Authorization);
}

#[tokio::test]
async fn an_incomplete_consent_is_refused() {
    let sim = sim().await;
    for query in [
        &[
            ("response_type", "code"),
            ("client_id", "other"),
            ("redirect_uri", BACK),
        ][..],
        &[
            ("response_type", "token"),
            ("client_id", "sim-client"),
            ("redirect_uri", BACK),
        ][..],
        &[("response_type", "code"), ("client_id", "sim-client")][..],
    ] {
        let response = Request::new("GET", "/api/authorize.do")
            .query(query)
            .answer(sim.addr())
            .await;
        response.assert_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_code_is_used_up_by_its_first_use_whatever_the_outcome() {
    let sim = sim().await;
    let code = sim.authorization_code(BACK);
    redeem(&sim, &code, BACK).await.assert_status(200);
    redeem(&sim, &code, BACK)
        .await
        .assert_error(400, "invalid_grant");
    assert!(sim.saw_reuse());

    let code = sim.authorization_code(BACK);
    redeem_as(&sim, &code, BACK, "wrong")
        .await
        .assert_error(401, "invalid_client");
    redeem(&sim, &code, BACK)
        .await
        .assert_error(400, "invalid_grant");

    let code = sim.authorization_code(BACK);
    redeem(&sim, &code, "https://else")
        .await
        .assert_error(400, "invalid_grant");
    redeem(&sim, &code, BACK)
        .await
        .assert_error(400, "invalid_grant");
    assert_eq!(sim.issued_count(), 1);
}

#[tokio::test]
async fn a_code_is_valid_for_five_minutes() {
    let sim = sim().await;
    let codes = [sim.authorization_code(BACK), sim.authorization_code(BACK)];
    sim.clock().advance(Duration::from_millis(299_999));
    redeem(&sim, &codes[0], BACK).await.assert_status(200);
    sim.clock().advance(Duration::from_millis(1));
    redeem(&sim, &codes[1], BACK).await.assert_status(400);
}

#[tokio::test]
async fn parameters_in_the_body_are_not_seen() {
    let sim = sim().await;
    let token = sim.grant().refresh_token().unwrap().to_owned();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    let request = Request::new("POST", "/api/refreshToken.do")
        .basic("sim-client", "sim-secret")
        .form(&form);
    request
        .answer(sim.addr())
        .await
        .assert_error(400, "unsupported_grant_type");
    refresh(&sim, &token).await.assert_status(200);
}

#[tokio::test]
async fn a_refresh_rotates() {
    let sim = sim().await;
    let first = sim.grant();
    let response = refresh(&sim, first.refresh_token().unwrap()).await;
    assert_eq!(
        (response.status, response.number("/expires_in")),
        (200, 3600)
    );
    refresh(&sim, &response.text("/refresh_token"))
        .await
        .assert_status(200);
    assert_eq!(sim.exchange(2).await.outcome, issued(3));
    refresh(&sim, first.refresh_token().unwrap())
        .await
        .assert_error(400, "invalid_grant");
}

// FAULTS.md row 12
#[tokio::test]
async fn the_answer_may_have_no_refresh_token() {
    let sim = PrivateCloudServer::builder()
        .rotation(Rotation::Never)
        .start()
        .await
        .unwrap();
    let first = sim.grant();
    for _ in 0..2 {
        let response = refresh(&sim, first.refresh_token().unwrap()).await;
        assert!(response.status == 200 && response.json().get("refresh_token").is_none());
    }
}

// FAULTS.md row 12
#[tokio::test]
async fn a_kept_refresh_token_is_repeated_in_every_other_answer() {
    let builder = PrivateCloudServer::builder().rotation(Rotation::Kept);
    let sim = builder.start().await.unwrap();
    let grant = sim.grant();
    let token = grant.refresh_token().unwrap();
    for repeated in ["", token, "", token] {
        let response = refresh(&sim, token).await;
        assert_eq!(response.text("/refresh_token"), repeated);
    }
}

#[tokio::test]
async fn a_refresh_is_refused_for_its_reason() {
    let sim = sim().await;
    let pair = sim.grant();
    let token = pair.refresh_token().unwrap();
    let bare = Request::new("POST", "/api/refreshToken.do")
        .answer(sim.addr())
        .await;
    bare.assert_error(401, "invalid_client");
    let get = Request::new("GET", "/api/refreshToken.do")
        .answer(sim.addr())
        .await;
    get.assert_status(405);
    refresh(&sim, "").await.assert_error(400, "invalid_request");
    sim.disable_account();
    refresh(&sim, token)
        .await
        .assert_error(400, "invalid_grant");
    assert_eq!(resource(&sim, pair.access_token()).await, 401);
    sim.enable_account();
    assert_eq!(resource(&sim, pair.access_token()).await, 200);
    sim.revoke_access_token();
    assert_eq!(resource(&sim, pair.access_token()).await, 401);
    sim.revoke_grant();
    refresh(&sim, token)
        .await
        .assert_error(400, "invalid_grant");
    let old = sim.grant();
    sim.clock().advance(Duration::from_secs(30 * 86_400));
    refresh(&sim, old.refresh_token().unwrap())
        .await
        .assert_error(400, "invalid_grant");
}

// FAULTS.md rows 21 and 22
#[tokio::test]
async fn a_refusal_has_the_configured_format() {
    for (shape, status, part) in [
        (ErrorShape::OAuth, 400, "\"error\":\"invalid_grant\""),
        (ErrorShape::Code, 200, "\"code\":400"),
        (ErrorShape::Errcode, 200, "\"errcode\":400"),
        (ErrorShape::Empty, 400, ""),
        (ErrorShape::LoginPage, 200, "<html>"),
        (ErrorShape::LoginRedirect, 302, ""),
    ] {
        let sim = PrivateCloudServer::builder()
            .errors(shape)
            .start()
            .await
            .unwrap();
        let response = refresh(&sim, "unknown").await;
        assert_eq!(response.status, status, "{shape:?}");
        assert!(response.raw().contains(part), "{shape:?}");
        assert_eq!(
            sim.exchanges()[0].outcome,
            Outcome::Refused {
                code: "invalid_grant".to_owned()
            }
        );
    }
}

#[tokio::test]
async fn paths_and_fields_differ_by_deployment() {
    let builder = PrivateCloudServer::builder()
        .refresh_path("/v2/refresh.do")
        .expires_in_field("ttl");
    let builder = builder.access_token_field("at").refresh_token_field("rt");
    let sim = builder
        .access_token_lifetime(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let pair = sim.grant();
    let request = refresh_ask("/v2/refresh.do", pair.refresh_token().unwrap());
    let response = request.answer(sim.addr()).await;
    assert_eq!(response.number("/ttl"), 60);
    assert_eq!(resource(&sim, &response.text("/at")).await, 200);
    assert!(!response.text("/rt").is_empty());
}
