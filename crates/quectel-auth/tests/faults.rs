//! The faults that need more than one answer to show.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be built fails the test that asked for it"
)]

use std::time::Duration;

use quectel_auth::{AccessKey, EndUser, Region};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Freshness, Generation, Outcome, Request, Rotation, Secret,
    ServerOffset, Timestamp, Token, TokenEndpoint, Validity,
};

/// The vendor's published sample, which lives for a day from `CREATED` on.
const SAMPLE: &str = "QJWT eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyOTQ5NCIsImlhdCI6MTYxODQ3Mjk2MiwianRpIjoiYjVhMmRhNjgtMzI0Ni00ZWRjLWEwZTktOTEyZjdjMDFkMmMzIiwidXR5IjoicGVyIiwiZXhwIjoxNjE4NTU5MzYyLCJhbSI6IkFjY2Vzc0tleSIsInNwIjoiIn0.JUQjUKlaDepazh7JssvRZKDiA1UL83VK8WECj86TI_I";
const CREATED: i64 = 1_618_472_962;
const DAY: i64 = 86_400;
const MINUTE: i64 = 60;

fn access_key() -> AccessKey {
    let builder = AccessKey::builder(Region::China)
        .access_key("AK-1")
        .access_secret("secret-of-ak-1");
    builder.build().unwrap()
}

fn end_user() -> EndUser {
    EndUser::builder(Region::China)
        .account("17")
        .build()
        .unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn attempt(seconds: i64) -> Attempt {
    Attempt::new(at(seconds), [7; 16])
}

fn token(access: &str, seconds: i64) -> Token {
    let validity = Validity::new(at(seconds), at(seconds + DAY));
    let token =
        Token::builder(Secret::from(access), validity).refresh(Secret::from("Bearer R1.b.c"));
    token.build().unwrap()
}

fn login(seconds: i64) -> Request {
    access_key().login(&attempt(seconds)).unwrap().unwrap()
}

fn refresh(endpoint: &impl TokenEndpoint, access: &str, seconds: i64) -> Request {
    endpoint
        .refresh(&token(access, seconds), &attempt(seconds))
        .unwrap()
}

fn read(
    endpoint: &impl TokenEndpoint,
    request: &Request,
    seconds: i64,
    body: &str,
) -> Result<Token, Error> {
    read_with(endpoint, request, seconds, ServerOffset::NONE, body)
}

fn read_with(
    endpoint: &impl TokenEndpoint,
    request: &Request,
    seconds: i64,
    offset: ServerOffset,
    body: &str,
) -> Result<Token, Error> {
    let response = http::Response::new(Bytes::from(body.to_owned()));
    match endpoint.read(&Answer::new(request, &response, at(seconds), offset))? {
        Outcome::Issued(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

fn sample_answer() -> String {
    format!(
        r#"{{"msg":"OK","access_token":"{SAMPLE}","code":200,"token_type":"jwt","expires_in":86400}}"#
    )
}

// FAULTS.md row 13
#[test]
fn the_same_token_again_does_not_live_longer_and_is_not_asked_for_at_once() {
    let endpoint = access_key();
    let first = read(&endpoint, &login(CREATED), CREATED, &sample_answer()).unwrap();
    let first = first.with_generation(Generation::new(1));
    let later = CREATED + 25 * MINUTE;
    let again = read(
        &endpoint,
        &refresh(&endpoint, SAMPLE, later),
        later,
        &sample_answer(),
    )
    .unwrap();
    let again = again.merged_with_previous(&first);
    assert_eq!(again.generation(), Generation::new(1));
    assert_eq!(again.validity().expires_at(), at(CREATED + DAY));
    assert_eq!(again.validity().at(at(later + MINUTE)), Freshness::Fresh);
}

// FAULTS.md row 43
#[test]
fn a_young_token_is_not_refreshed_speculatively() {
    let opaque = r#"{"msg":"OK","access_token":"QJWT opaque","code":200,"expires_in":"2000"}"#;
    let young = read(&access_key(), &login(CREATED), CREATED, opaque).unwrap();
    assert_eq!(young.validity().refresh_at(), at(CREATED + 30 * MINUTE));
    let signed = read(
        &access_key(),
        &login(CREATED),
        CREATED + 10 * MINUTE,
        &sample_answer(),
    )
    .unwrap();
    assert_eq!(
        signed.validity().refreshable_from(),
        at(CREATED + 30 * MINUTE)
    );
}

// FAULTS.md row 43
#[test]
fn a_refusal_of_a_disabled_user_kills_the_live_token() {
    let endpoint = access_key();
    let request = refresh(&endpoint, SAMPLE, CREATED);
    let refused = |code| {
        let body = format!(r#"{{"msg":"user disabled","code":{code}}}"#);
        read(&endpoint, &request, CREATED, &body)
            .unwrap_err()
            .kills_live_token()
    };
    assert!(refused("401") && refused("90047") && refused("\"70089\""));
    assert!(!refused("50000") && !refused("70000") && !refused("50005"));
}

// FAULTS.md row 43
#[test]
fn a_refused_login_kills_no_token() {
    let error = read(
        &access_key(),
        &login(CREATED),
        CREATED,
        r#"{"msg":"Unauthorized","code":401}"#,
    )
    .unwrap_err();
    assert_eq!(
        (error.kind(), error.kills_live_token()),
        (ErrorKind::Config, false)
    );
}

// FAULTS.md row 34
#[test]
fn a_refresh_of_an_access_key_can_be_sent_again_and_that_of_an_end_user_cannot() {
    assert_eq!(access_key().rotation(), Rotation::Idempotent);
    assert_eq!(end_user().rotation(), Rotation::SingleUse);
    assert!(login(CREATED).to_http().uri() != login(CREATED + 1).to_http().uri());
}

// FAULTS.md row 45
#[test]
fn a_frozen_account_is_locked_and_there_is_no_login_to_try_by_itself() {
    let endpoint = end_user();
    assert!(endpoint.login(&attempt(0)).is_none());
    let request = refresh(&endpoint, "Bearer A1.b.c", CREATED);
    let locked = |code| {
        let body = format!(r#"{{"code":{code},"msg":"","data":null}}"#);
        read(&endpoint, &request, CREATED, &body)
            .unwrap_err()
            .kind()
    };
    let minutes = |minutes: u64| ErrorKind::Locked {
        after: Duration::from_secs(60 * minutes),
    };
    assert_eq!(
        (locked(5147), locked(5325)),
        (minutes(20), minutes(24 * 60))
    );
}

// FAULTS.md row 12
#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let endpoint = end_user();
    let body = r#"{"code":200,"data":{"accessToken":{"token":"Bearer A2.b.c","expirationTime":"1618480000"}}}"#;
    let issued = read(
        &endpoint,
        &refresh(&endpoint, "Bearer A1.b.c", CREATED),
        CREATED,
        body,
    )
    .unwrap();
    let next = issued.merged_with_previous(&token("Bearer A1.b.c", CREATED));
    assert_eq!(next.refresh().unwrap().expose(), "Bearer R1.b.c");
}

// FAULTS.md rows 17 and 20
#[test]
fn absolute_times_are_corrected_by_the_servers_clock() {
    let ahead = ServerOffset::from_millis(600_000);
    let endpoint = access_key();
    let token = read_with(&endpoint, &login(CREATED), CREATED, ahead, &sample_answer()).unwrap();
    assert_eq!(token.validity().expires_at(), at(CREATED + DAY - 600));
    let endpoint = end_user();
    let body = r#"{"code":200,"data":{"accessToken":{"token":"Bearer A2.b.c","expirationTime":1618480000},"refreshToken":{"token":"Bearer R2.b.c","expirationTime":1618490000}}}"#;
    let request = refresh(&endpoint, "Bearer A1.b.c", CREATED);
    let token = read_with(&endpoint, &request, CREATED, ahead, body).unwrap();
    assert_eq!(token.validity().expires_at(), at(1_618_479_400));
    assert_eq!(token.refresh_expires_at(), Some(at(1_618_489_400)));
}

#[test]
fn scopes_of_their_own_are_grants_of_their_own() {
    let key = |scope: &str| {
        let builder = AccessKey::builder(Region::China)
            .access_key("AK-1")
            .access_secret("secret-of-ak-1");
        builder.scope(scope).build().unwrap().key()
    };
    assert_eq!(key(""), access_key().key());
    assert_ne!(key("tls"), key("ota"));
    assert_eq!(
        end_user().for_account("18").unwrap().key().as_str(),
        "quectel-end-user/iot-api.quectelcn.com/18"
    );
}

fn end_user_outcome(body: &str) -> Result<Outcome, Error> {
    let request = refresh(&end_user(), "Bearer A1.b.c", CREATED);
    let response = http::Response::new(Bytes::from(body.to_owned()));
    end_user().read(&Answer::new(
        &request,
        &response,
        at(CREATED),
        ServerOffset::NONE,
    ))
}

fn end_user_body(access: &str, refresh: &str) -> String {
    format!(r#"{{"code":200,"data":{{"accessToken":{access},"refreshToken":{refresh}}}}}"#)
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_is_kept_whatever_else_is_odd() {
    let new = r#"{"token":"Bearer R2.b.c","expirationTime":[1747372586]}"#;
    for time in ["0", "-1", "[1618480162]", "\"\"", "\"soon\"", "1000000000"] {
        let access = format!(r#"{{"token":"Bearer A2.b.c","expirationTime":{time}}}"#);
        let Ok(Outcome::Issued(token)) = end_user_outcome(&end_user_body(&access, new)) else {
            panic!("{time}");
        };
        assert_eq!(token.refresh().unwrap().expose(), "Bearer R2.b.c", "{time}");
        assert_eq!(token.validity().expires_at(), at(CREATED + 7200), "{time}");
        assert_eq!(token.oddities().len(), 1, "{time}");
    }
    for access in [
        r#""A2""#,
        "null",
        r#"{"token":7}"#,
        r#"{"token":"Bearer A\r\n2"}"#,
    ] {
        let Ok(Outcome::RefreshTokenOnly { refresh, .. }) =
            end_user_outcome(&end_user_body(access, new))
        else {
            panic!("{access}");
        };
        assert_eq!(refresh.expose(), "Bearer R2.b.c", "{access}");
    }
    let beside_a_refusal = end_user_body("null", new).replace("200", "99999");
    assert!(matches!(
        end_user_outcome(&beside_a_refusal),
        Ok(Outcome::RefreshTokenOnly { .. })
    ));
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in ["", " ", "\u{a0}", "\u{200b}", "Bearer ", "QJWT ", "\t"] {
        let token = serde_json::to_string(blank).unwrap();
        let body = format!(r#"{{"code":200,"access_token":{token},"expires_in":86400}}"#);
        let kind = read(&access_key(), &login(CREATED), CREATED, &body)
            .unwrap_err()
            .kind();
        assert_eq!(kind, ErrorKind::Protocol, "{token}");
        let blank = format!(r#"{{"token":{token},"expirationTime":1618480162}}"#);
        let error = end_user_outcome(&end_user_body(&blank, "null")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InDoubt, "{token}");
        let living = r#"{"token":"Bearer A2.b.c","expirationTime":1618480162}"#;
        let Ok(Outcome::Issued(token)) = end_user_outcome(&end_user_body(living, &blank)) else {
            panic!("{blank}");
        };
        assert!(token.refresh().is_none(), "{blank}");
    }
}

// FAULTS.md rows 87 and 103
#[test]
fn a_refusal_keeps_its_wait_and_a_failing_server_its_code() {
    let request = login(CREATED);
    let read = |status: u16, body: &'static str| {
        let response = http::Response::builder()
            .status(status)
            .header("retry-after", "30");
        let response = response.body(Bytes::from(body)).unwrap();
        let answer = Answer::new(&request, &response, at(CREATED), ServerOffset::NONE);
        access_key().read(&answer).unwrap_err()
    };
    let error = read(403, r#"{"code":91006,"msg":"not in the white list"}"#);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let error = read(500, r#"{"code":50000,"msg":"service exception"}"#);
    assert_eq!(
        (error.code(), error.message()),
        (Some("50000"), Some("service exception"))
    );
}

// FAULTS.md row 73
#[test]
fn the_spelling_of_an_address_makes_no_other_grant() {
    let keys = |address: &str| {
        let access_key = AccessKey::builder(address)
            .access_key("AK-1")
            .access_secret("S");
        let end_user = EndUser::builder(address).account("ada");
        (
            access_key.build().unwrap().key(),
            end_user.build().unwrap().key(),
        )
    };
    for address in [
        "https://IOT-API.Example.com",
        "https://iot-api.example.com:443/",
        "https://iot-api.example.com.",
    ] {
        assert_eq!(
            keys(address),
            keys("https://iot-api.example.com"),
            "{address}"
        );
    }
}

// FAULTS.md scenario 18
#[test]
fn another_host_or_path_has_another_key() {
    let keys = |base: &str| {
        let access_key = AccessKey::builder(base)
            .access_key("AK-1")
            .access_secret("S");
        let end_user = EndUser::builder(base).account("17");
        [
            access_key.build().unwrap().key(),
            end_user.build().unwrap().key(),
        ]
    };
    let here = keys("https://iot.example.com");
    for base in [
        "https://iot.example.com/tenant",
        "https://iot.example.com:8443",
        "https://eu.example.com",
    ] {
        let there = keys(base);
        assert!(here.iter().all(|key| !there.contains(key)), "{base}");
    }
}
