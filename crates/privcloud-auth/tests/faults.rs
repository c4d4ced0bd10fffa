//! The faults that a private cloud and the way to it can have.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use privcloud_auth::{Dialect, PrivateCloud};
use token_core::reexports::Bytes;
use token_core::reexports::http::Response;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Secret, ServerOffset, Timestamp,
    Token, TokenEndpoint, Validity,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn attempt() -> Attempt {
    Attempt::new(NOW, [0; 16])
}

fn cloud() -> PrivateCloud {
    spoken_as(Dialect::default())
}

fn spoken_as(dialect: Dialect) -> PrivateCloud {
    PrivateCloud::builder("https://disk.example.com")
        .client_id("dev-7")
        .client_secret("client-tell-no-one")
        .account("alice")
        .dialect(dialect)
        .build()
        .unwrap()
}

fn token() -> Token {
    let living = Validity::new(NOW, NOW.after(Duration::from_secs(60)));
    Token::builder("access-tell-no-one".into(), living)
        .refresh(Secret::from("refresh-tell-no-one"))
        .build()
        .unwrap()
}

fn refresh() -> Request {
    cloud().refresh(&token(), &attempt()).unwrap()
}

fn read(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Outcome, Error> {
    read_by(&cloud(), status, headers, body)
}

fn read_by(
    cloud: &PrivateCloud,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Outcome, Error> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(Bytes::from(body.to_owned())).unwrap();
    cloud.read(&Answer::new(&refresh(), &response, NOW, ServerOffset::NONE))
}

fn kind(status: u16, body: &str) -> ErrorKind {
    read(status, &[], body).unwrap_err().kind()
}

fn issued(body: &str) -> Token {
    match read(200, &[], body) {
        Ok(Outcome::Issued(token)) => token,
        other => panic!("{other:?}"),
    }
}

const TRANSIENT: ErrorKind = ErrorKind::Transient { after: None };

#[test]
fn a_code_is_redeemed_once_and_is_no_login() {
    assert!(cloud().login(&attempt()).is_none());
    let redemption = cloud().redeem_code("code-tell-no-one".into(), "https://app.example.com/back");
    let request = redemption.into_request(&attempt()).unwrap();
    assert!(!format!("{request:?}").contains("tell-no-one"));
    let sent = request.to_http();
    assert_eq!(sent.method(), "POST");
    assert_eq!(
        sent.uri(),
        "https://disk.example.com/api/token.do?grant_type=authorization_code&code=code-tell-no-one\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback"
    );
    assert_eq!(
        sent.headers()["authorization"],
        "Basic ZGV2LTc6Y2xpZW50LXRlbGwtbm8tb25l"
    );
    assert!(sent.body().is_empty());
    let burnt = cloud().redeem_code("".into(), "https://app.example.com/back");
    assert_eq!(
        burnt.into_request(&attempt()).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[test]
fn a_token_without_a_refresh_token_cannot_be_refreshed() {
    let token = Token::builder("A".into(), Validity::expired())
        .build()
        .unwrap();
    assert_eq!(
        cloud().refresh(&token, &attempt()).unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[test]
fn an_undocumented_rotation_is_taken_for_the_strictest() {
    assert_eq!(cloud().rotation(), Rotation::SingleUse);
}

// FAULTS.md row 6
#[test]
fn a_dead_grant_is_rejected_whichever_word_is_used() {
    assert_eq!(
        kind(400, r#"{"error":"invalid_grant"}"#),
        ErrorKind::Rejected
    );
    assert_eq!(
        kind(401, r#"{"error":"invalid_token"}"#),
        ErrorKind::Rejected
    );
    assert_eq!(
        kind(200, r#"{"code":"INVALID_GRANT","msg":"no"}"#),
        ErrorKind::Rejected
    );
}

// FAULTS.md row 12
#[test]
fn the_answer_without_a_refresh_token_keeps_the_old_one() {
    let next = issued(r#"{"access_token":"A2","expires_in":3600}"#).merged_with_previous(&token());
    assert_eq!(next.refresh().unwrap().expose(), "refresh-tell-no-one");
    let next = issued(r#"{"access_token":"A2","refresh_token":"","expires_in":3600}"#);
    assert!(next.refresh().is_none());
}

// FAULTS.md row 14
#[test]
fn a_life_unsaid_is_the_jwts_else_the_documented_hour() {
    let seconds = |body: &str| issued(body).validity().expires_at().since(NOW).as_secs();
    assert_eq!(seconds(r#"{"access_token":"A2"}"#), 3600);
    // {"exp":1700000600}
    assert_eq!(
        seconds(r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDA2MDB9.s"}"#),
        600
    );
    for life in ["0", "-1", "\"\"", "\"soon\"", "[3600]", "null"] {
        let body = format!(r#"{{"access_token":"A2","expires_in":{life}}}"#);
        assert_eq!(seconds(&body), 3600, "{life}");
    }
}

// FAULTS.md row 15
#[test]
fn a_life_written_as_text_is_read() {
    let token = issued(r#"{"access_token":"A2","expires_in":"1800"}"#);
    assert_eq!(
        token.validity().expires_at(),
        NOW.after(Duration::from_secs(1800))
    );
}

// FAULTS.md row 16
#[test]
fn success_is_marked_in_many_ways_and_always_needs_a_token() {
    for mark in [
        "",
        r#","code":0"#,
        r#","code":"200""#,
        r#","status":"OK""#,
        r#","errcode":0,"error":null"#,
    ] {
        assert_eq!(
            issued(&format!(r#"{{"access_token":"A2"{mark}}}"#))
                .access()
                .expose(),
            "A2",
            "{mark}"
        );
    }
    for body in [
        "{}",
        r#"{"code":0}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        "[]",
    ] {
        assert_eq!(kind(200, body), ErrorKind::InDoubt, "{body}");
    }
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_is_kept_whatever_else_is_odd() {
    for odd in [
        r#""expires_in":0"#,
        r#""expires_in":-1"#,
        r#""expires_in":["soon"]"#,
        r#""token_type":["bearer"]"#,
    ] {
        let token = issued(&format!(
            r#"{{"access_token":"A2","refresh_token":"R2",{odd}}}"#
        ));
        assert_eq!(token.refresh().unwrap().expose(), "R2", "{odd}");
    }
    for odd in [
        r#""access_token":"""#,
        r#""access_token":7"#,
        r#""access_token":"A\r\n2""#,
        r#""expires_in":3600"#,
        r#""access_token":"A2","error":"something_new""#,
        r#""access_token":"A2","code":4711"#,
    ] {
        let body = format!(r#"{{"refresh_token":"R2",{odd}}}"#);
        let Ok(Outcome::RefreshTokenOnly { refresh, .. }) = read(200, &[], &body) else {
            panic!("{odd}");
        };
        assert_eq!(refresh.expose(), "R2", "{odd}");
    }
    let echoed = r#"{"refresh_token":"refresh-tell-no-one"}"#;
    assert_eq!(kind(200, echoed), ErrorKind::InDoubt);
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in [" ", r"\u00a0", r"\u200b", "Bearer ", r"\t"] {
        let token = format!(r#""{blank}""#);
        let body = format!(r#"{{"access_token":{token},"expires_in":3600}}"#);
        assert_eq!(kind(200, &body), ErrorKind::InDoubt, "{token}");
        let next = issued(&format!(
            r#"{{"access_token":"A2","refresh_token":{token}}}"#
        ));
        assert!(next.refresh().is_none(), "{token}");
    }
}

// FAULTS.md rows 69 and 105
#[test]
fn the_earlier_end_counts_and_a_token_that_nothing_renews_has_none() {
    // {"exp":1700000600}
    let body = r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDA2MDB9.s","expires_in":3600}"#;
    let ends = issued(body).validity().ends();
    assert_eq!(ends, Some(NOW.after(Duration::from_secs(600))));
    let redemption = cloud().redeem_code("code-tell-no-one".into(), "https://app.example.com/back");
    let request = redemption.into_request(&attempt()).unwrap();
    let response = Response::new(Bytes::from(r#"{"access_token":"A1"}"#));
    let answer = Answer::new(&request, &response, NOW, ServerOffset::NONE);
    let Ok(Outcome::Issued(token)) = cloud().read(&answer) else {
        panic!("no token");
    };
    assert_eq!(token.validity().ends(), None);
}

// FAULTS.md rows 87 and 103
#[test]
fn a_refusal_keeps_its_wait_and_a_failing_server_its_code() {
    let wait = [("retry-after", "30")];
    let error = read(403, &wait, r#"{"error":"access_denied"}"#).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let error = read(500, &[], r#"{"errcode":17,"msg":"busy"}"#).unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("17"), Some("busy")));
}

// FAULTS.md row 21
#[test]
fn http_200_with_a_failing_code_is_an_error_with_that_code() {
    let error = read(
        200,
        &[],
        r#"{"errcode":2002,"msg":"expired","access_token":"A2"}"#,
    )
    .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Protocol, Some("2002"))
    );
    assert_eq!(error.message(), Some("expired"));
}

// FAULTS.md rows 22 and 50
#[test]
fn a_login_page_with_200_is_in_doubt_and_one_with_302_is_named_by_its_host() {
    assert_eq!(kind(200, "<html>log in</html>"), ErrorKind::InDoubt);
    let redirect = [(
        "location",
        "https://sso.example.com/login?back=refresh-tell-no-one",
    )];
    let error = read(302, &redirect, "<html>").unwrap_err();
    assert_eq!(
        (error.kind(), error.host()),
        (ErrorKind::Protocol, Some("sso.example.com"))
    );
    assert!(!format!("{error} {error:?}").contains("tell-no-one"));
}

// FAULTS.md row 26
#[test]
fn an_error_text_that_echoes_what_was_sent_is_scrubbed() {
    let body = r#"{"error":"invalid_grant","error_description":"refresh-tell-no-one, ZGV2LTc6Y2xpZW50LXRlbGwtbm8tb25l, access-tell-no-one, client-tell-no-one"}"#;
    let error = read(400, &[], body).unwrap_err();
    assert_eq!(
        error.message(),
        Some("[scrubbed], [scrubbed], [scrubbed], [scrubbed]")
    );
    let shown = format!("{error:?} {:?} {:?}", cloud(), refresh());
    assert!(!shown.contains("tell-no-one"), "{shown}");
}

// FAULTS.md row 33
#[test]
fn a_400_that_nobody_documented_is_not_terminal() {
    for (status, body) in [
        (400, r#"{"code":40013,"msg":"busy"}"#),
        (401, r#"{"code":40013,"msg":"busy"}"#),
        (400, r#"{"message":"busy"}"#),
        (403, ""),
        (401, ""),
    ] {
        assert_eq!(kind(status, body), ErrorKind::Protocol, "{status} {body}");
    }
    assert_eq!(
        kind(400, r#"{"error":"temporarily_unavailable"}"#),
        TRANSIENT
    );
    assert_eq!(kind(200, r#"{"code":503,"msg":"busy"}"#), TRANSIENT);
}

#[test]
fn a_401_that_challenges_for_basic_refuses_the_client() {
    for body in ["", "<html>401</html>", r#"{"code":7}"#] {
        let error = read(
            401,
            &[("www-authenticate", "Basic realm=\"oauth2/client\"")],
            body,
        )
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{body}");
    }
    let dead = read(
        401,
        &[("www-authenticate", "Basic")],
        r#"{"error":"invalid_grant"}"#,
    );
    assert_eq!(dead.unwrap_err().kind(), ErrorKind::Rejected);
}

#[test]
fn a_path_that_is_not_there_is_the_configuration() {
    for body in [
        "",
        "<html>",
        r#"{"timestamp":1,"status":404,"error":"Not Found","path":"/api/token.do"}"#,
    ] {
        assert_eq!(kind(404, body), ErrorKind::Config, "{body}");
    }
}

#[test]
fn a_deployments_own_codes_and_fields_are_read_once_named() {
    let mut dialect = Dialect::default();
    dialect.codes.rejected.push("40013".into());
    dialect.codes.success.push("1".into());
    dialect.fields.access_token.push("data.token".into());
    let cloud = spoken_as(dialect);
    let dead = read_by(&cloud, 200, &[], r#"{"code":40013}"#).unwrap_err();
    assert_eq!(dead.kind(), ErrorKind::Rejected);
    let Ok(Outcome::Issued(token)) =
        read_by(&cloud, 200, &[], r#"{"code":1,"data":{"token":"A2"}}"#)
    else {
        panic!("no token");
    };
    assert_eq!(token.headers()["authorization"], "Bearer A2");
}

// FAULTS.md row 79
#[test]
fn an_unknown_refusal_of_a_code_is_not_retryable() {
    let redemption = cloud().redeem_code("code-tell-no-one".into(), "https://app.example.com/back");
    let request = redemption.into_request(&attempt()).unwrap();
    for (status, body) in [
        (200, r#"{"code": 99999, "msg": "?"}"#),
        (400, r#"{"error": "odd"}"#),
        (400, "{}"),
        (418, "not JSON"),
        (200, "not JSON"),
        (200, "{}"),
    ] {
        let response = Response::builder().status(status).body(Bytes::from(body));
        let response = response.unwrap();
        let error = cloud()
            .read(&Answer::new(&request, &response, NOW, ServerOffset::NONE))
            .unwrap_err();
        assert!(!error.is_retryable(), "{status} {body}: {error}");
    }
}

// FAULTS.md row 73
#[test]
fn the_spelling_of_an_address_makes_no_other_grant() {
    let key = |address: &str| {
        PrivateCloud::builder(address)
            .client_id("dev-7")
            .client_secret("S")
            .account("alice")
            .build()
            .unwrap()
            .key()
    };
    for address in [
        "https://DISK.Example.com",
        "https://disk.example.com:443/",
        "https://disk.example.com.",
    ] {
        assert_eq!(key(address), key("https://disk.example.com"), "{address}");
    }
}
