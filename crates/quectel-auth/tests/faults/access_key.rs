use std::time::Duration;

use token_core::{Attempt, Freshness, Generation};

use super::*;

/// The vendor's published sample, which lives for a day from `CREATED` on.
const SAMPLE: &str = "QJWT eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyOTQ5NCIsImlhdCI6MTYxODQ3Mjk2MiwianRpIjoiYjVhMmRhNjgtMzI0Ni00ZWRjLWEwZTktOTEyZjdjMDFkMmMzIiwidXR5IjoicGVyIiwiZXhwIjoxNjE4NTU5MzYyLCJhbSI6IkFjY2Vzc0tleSIsInNwIjoiIn0.JUQjUKlaDepazh7JssvRZKDiA1UL83VK8WECj86TI_I";

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
        access_key()
            .read(&answer, &Attempt::new(at(0), [0; 16]))
            .unwrap_err()
    };
    let error = read(403, r#"{"code":91006,"msg":"not in the white list"}"#);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let error = read(500, r#"{"code":50000,"msg":"service exception"}"#);
    assert_eq!(
        (error.code(), error.message()),
        (Some("50000"), Some("service exception"))
    );
}

// FAULTS.md rows 17 and 20
#[test]
fn absolute_times_are_corrected_by_the_servers_clock() {
    let ahead = ServerOffset::from_millis(600_000);
    let endpoint = access_key();
    let token = read_with(&endpoint, &login(CREATED), CREATED, ahead, &sample_answer()).unwrap();
    assert_eq!(token.validity().expires_at(), at(CREATED + DAY - 600));
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in BLANK_TOKENS {
        let token = serde_json::to_string(blank).unwrap();
        let body = format!(r#"{{"code":200,"access_token":{token},"expires_in":86400}}"#);
        let error = read(&access_key(), &login(CREATED), CREATED, &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{token}");
    }
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
}

#[test]
fn a_failing_service_is_transient_or_throttled_whichever_step_it_answers() {
    let transient = ErrorKind::Transient { after: None };
    let throttled = ErrorKind::Throttled { after: None };
    let refresh = refresh(&access_key(), SAMPLE, CREATED);
    for request in [&login(CREATED), &refresh] {
        for (code, kind) in [
            ("50000", transient),
            ("70000", transient),
            ("408", transient),
            ("500", transient),
            ("502", transient),
            ("503", transient),
            ("504", transient),
            ("429", throttled),
        ] {
            let body = format!(r#"{{"code":{code},"msg":"later"}}"#);
            let error = read(&access_key(), request, CREATED, &body).unwrap_err();
            assert_eq!(error.kind(), kind, "{code}");
            assert!(!error.kills_live_token(), "{code}");
        }
    }
}
