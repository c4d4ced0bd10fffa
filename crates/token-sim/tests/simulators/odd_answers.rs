//! Answers to a successful exchange that are not what a client expects.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use token_sim::{Fault, Kind, OAuth2Server, Oddity, QuectelEndUserServer, SimClock};

use crate::NOW;
use crate::oauth2::{refresh as refresh_with, sim};
use crate::support::{Request, Response, issued};

async fn refresh(sim: &OAuth2Server) -> Response {
    refresh_with(sim, sim.grant().refresh_token().unwrap()).await
}

/// Returns the answer to a refresh with this fault.
async fn spoilt(fault: Fault) -> (OAuth2Server, Response) {
    let sim = sim().await;
    sim.fault(fault);
    let response = refresh(&sim).await;
    response.assert_status(200);
    assert_eq!(sim.exchanges()[0].outcome, issued(2));
    (sim, response)
}

// FAULTS.md row 49
#[tokio::test]
async fn the_refresh_token_is_readable_beside_an_odd_field() {
    for (oddity, field, told) in [
        (Oddity::ExpiresInZero, "expires_in", json!(0)),
        (Oddity::ExpiresInNegative, "expires_in", json!(-1)),
        (Oddity::ExpiresInEmpty, "expires_in", json!("")),
        (Oddity::ExpiresInWord, "expires_in", json!("soon")),
        (
            Oddity::ExpiresInWithUnit,
            "expires_in",
            json!("3600 seconds"),
        ),
        (
            Oddity::ExpiresInDate,
            "expires_in",
            json!("2026-11-25T12:00:00Z"),
        ),
        (Oddity::ExpiresInMissing, "expires_in", Value::Null),
        (Oddity::TokenTypeEmpty, "token_type", json!("")),
        (Oddity::TokenTypeJwt, "token_type", json!("jwt")),
        (
            Oddity::TokenTypeBearerToken,
            "token_type",
            json!("BearerToken"),
        ),
        (Oddity::TokenTypeUser, "token_type", json!("user")),
        (Oddity::TokenTypeList, "token_type", json!(["Bearer"])),
        (Oddity::TokenTypeDpop, "token_type", json!("DPoP")),
        (Oddity::AccessTokenMissing, "access_token", Value::Null),
        (Oddity::AccessTokenEmpty, "access_token", json!("")),
        (Oddity::AccessTokenNumber, "access_token", json!(7)),
    ] {
        let (sim, response) = spoilt(Fault::odd(oddity)).await;
        assert_eq!(response.json()[field], told, "{oddity:?}");
        assert_eq!(sim.undelivered_issued(), 0, "{oddity:?}");
        let next = refresh_with(&sim, &response.text("/refresh_token")).await;
        assert_eq!(next.status, 200, "{oddity:?}");
    }
}

// FAULTS.md row 49
#[tokio::test]
async fn an_access_token_may_be_an_expired_jwt() {
    let (_sim, response) = spoilt(Fault::odd(Oddity::AccessTokenPast)).await;
    let token = response.text("/access_token");
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"], NOW / 1000 - 3600);
    assert!(!response.text("/refresh_token").is_empty());
}

// FAULTS.md row 49
#[tokio::test]
async fn an_invalid_byte_is_in_an_unread_field() {
    let (sim, response) = spoilt(Fault::odd(Oddity::StrayByte)).await;
    assert!(std::str::from_utf8(&response.body).is_err());
    let lossy: Value = serde_json::from_str(&response.raw()).unwrap();
    let next = refresh_with(&sim, lossy["refresh_token"].as_str().unwrap()).await;
    next.assert_status(200);
    assert_eq!(sim.undelivered_issued(), 0);
}

// FAULTS.md row 50
#[tokio::test]
async fn an_answer_that_cannot_be_read_counts_as_not_delivered() {
    for oddity in [Oddity::TrailingBytes, Oddity::Utf16] {
        let (sim, response) = spoilt(Fault::odd(oddity)).await;
        assert!(
            serde_json::from_slice::<Value>(&response.body).is_err(),
            "{oddity:?}"
        );
        assert_eq!(sim.undelivered_issued(), 1, "{oddity:?}");
    }
    let (sim, response) = spoilt(Fault::odd(Oddity::RepeatedKey)).await;
    assert_eq!(response.raw().matches("\"refresh_token\"").count(), 2);
    assert_eq!(sim.undelivered_issued(), 1);
    for fault in [
        Fault::html().after_acting(),
        Fault::status(504).after_acting(),
    ] {
        let sim = self::sim().await;
        sim.fault(fault);
        refresh(&sim).await;
        assert_eq!(sim.undelivered_issued(), 1);
    }
}

// FAULTS.md row 50
#[tokio::test]
async fn an_answer_in_utf_16_says_so() {
    let (_sim, response) = spoilt(Fault::odd(Oddity::Utf16)).await;
    assert_eq!(
        response.header("content-type"),
        Some("application/json;charset=UTF-16")
    );
    assert_eq!(response.body[..2], [0xff, 0xfe]);
    let units: Vec<u16> = response.body[2..]
        .chunks(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let text = String::from_utf16(&units).unwrap();
    assert!(serde_json::from_str::<Value>(&text).unwrap()["refresh_token"].is_string());
}

#[test]
fn every_oddity_is_listed_once_and_says_whether_it_is_readable() {
    let usable = Oddity::ALL
        .iter()
        .filter(|oddity| oddity.has_usable_access_token());
    let readable = Oddity::ALL.iter().filter(|oddity| oddity.is_readable());
    let mut names: Vec<_> = Oddity::ALL
        .iter()
        .map(|oddity| format!("{oddity:?}"))
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(
        (names.len(), readable.count(), usable.count()),
        (21, 18, 13)
    );
}

// FAULTS.md row 52
#[tokio::test]
async fn an_answer_may_be_compressed_without_a_request() {
    let (sim, response) = spoilt(Fault::gzip()).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*response.body)
        .read_to_string(&mut text)
        .unwrap();
    assert!(serde_json::from_str::<Value>(&text).unwrap()["access_token"].is_string());
    assert_eq!(sim.undelivered_issued(), 0);
}

// FAULTS.md row 52
#[tokio::test]
async fn an_answer_comes_as_a_form() {
    let (_sim, response) = spoilt(Fault::form_encoded()).await;
    assert_eq!(
        response.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert!(
        response.raw().contains("expires%5Fin=7200")
            && response.raw().contains("&refresh%5Ftoken=")
    );
}

// FAULTS.md row 52
#[tokio::test]
async fn an_answer_comes_in_a_wrapper() {
    let (_sim, response) = spoilt(Fault::in_field("data")).await;
    assert_eq!(response.number("/data/expires_in"), 7200);
    let (_sim, response) = spoilt(Fault::in_list()).await;
    assert_eq!(response.number("/0/expires_in"), 7200);
}

// FAULTS.md row 49
#[tokio::test]
async fn a_field_deep_in_another_vendors_answer_is_changed_or_left_out() {
    let sim = QuectelEndUserServer::builder()
        .clock(SimClock::frozen(NOW))
        .start()
        .await
        .unwrap();
    let refresh = async || {
        let pair = sim.grant();
        Request::new("PUT", "/v2/enduser/enduserapi/refreshToken")
            .query(&[("refreshToken", pair.refresh_token().unwrap())])
            .answer(sim.addr())
            .await
    };
    sim.fault(Fault::with_field(
        "/data/accessToken/expirationTime",
        json!([1]),
    ));
    assert_eq!(
        refresh().await.json()["data"]["accessToken"]["expirationTime"],
        json!([1])
    );
    sim.fault(Fault::without_field("/data/accessToken/token"));
    let response = refresh().await.json();
    assert!(response["data"]["accessToken"].get("token").is_none());
    assert!(response["data"]["refreshToken"]["token"].is_string());
}

#[tokio::test]
async fn an_answer_that_is_not_json_stays_as_it_is() {
    let sim = sim().await;
    for fault in [Fault::in_list(), Fault::with_field("/a", json!(1))] {
        sim.fault(fault.on_kind(Kind::Revocation));
        let response = Request::new("POST", "/api/v1/oauth2/revoke")
            .basic("sim-client", "sim-secret")
            .form(&[("token", "unknown")])
            .answer(sim.addr())
            .await;
        assert_eq!((response.status, response.body.len()), (200, 0));
    }
}
