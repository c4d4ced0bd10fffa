//! Odd answers: what is kept of them, what is told, and what a refusal means.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use oauth2_refresh::{OAuth2, OAuth2Builder, UnknownTokenType};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Error, ErrorKind, Freshness, Outcome, Request, Secret, ServerOffset, Timestamp, Token,
    TokenEndpoint,
};
use token_testkit::attempt;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const CALLBACK: &str = "https://app.example/callback";

fn builder() -> OAuth2Builder {
    OAuth2::builder("https://server.example.com")
        .client_id("app-1")
        .client_secret("client-secret")
        .account("alice")
}

fn oauth2() -> OAuth2 {
    builder().build().unwrap()
}

fn refresh(oauth2: &OAuth2) -> Request {
    let token = Token::from_refresh_token(Secret::from("R1-in-hand")).unwrap();
    oauth2.refresh(&token, &attempt(NOW, 1)).unwrap()
}

fn redemption(oauth2: &OAuth2) -> Request {
    let redemption = oauth2.redeem_code(&Secret::from("one-time-code"), CALLBACK, None);
    redemption.into_request(&attempt(NOW, 1)).unwrap()
}

fn read(
    oauth2: &OAuth2,
    request: &Request,
    response: &http::Response<Bytes>,
) -> Result<Outcome, Error> {
    oauth2.read(&Answer::new(request, response, NOW, ServerOffset::NONE))
}

fn response(status: u16, content_type: &str, body: &[u8]) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
        .headers_mut()
        .insert("content-type", content_type.parse().unwrap());
    response
}

fn refreshed(body: &str) -> Result<Outcome, Error> {
    let oauth2 = oauth2();
    read(
        &oauth2,
        &refresh(&oauth2),
        &response(200, "application/json", body.as_bytes()),
    )
}

fn issued(outcome: Result<Outcome, Error>) -> Token {
    match outcome {
        Ok(Outcome::Issued(token)) => token,
        other => panic!("{other:?}"),
    }
}

/// The refresh token that came alone, and why.
fn alone(outcome: Result<Outcome, Error>) -> (String, Error) {
    match outcome {
        Ok(Outcome::RefreshTokenOnly { refresh, error, .. }) => {
            (refresh.expose().to_owned(), error)
        }
        other => panic!("{other:?}"),
    }
}

fn refused(status: u16, body: &str) -> Error {
    let oauth2 = oauth2();
    let response = response(status, "application/json", body.as_bytes());
    read(&oauth2, &refresh(&oauth2), &response).unwrap_err()
}

fn kind(status: u16, body: &str) -> ErrorKind {
    refused(status, body).kind()
}

const TRANSIENT: ErrorKind = ErrorKind::Transient { after: None };

// FAULTS.md rows 14 and 49
#[test]
fn an_odd_lifetime_costs_neither_the_token_nor_its_rotation() {
    for life in [
        "0",
        "-1",
        "\"\"",
        "\"soon\"",
        "\"3600 seconds\"",
        "\"2026-01-01T00:00:00Z\"",
        "[]",
        "{}",
        "true",
        "1e400",
        "\"NaN\"",
    ] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":"Bearer","expires_in":{life},"refresh_token":"R2"}}"#
        );
        let token = issued(refreshed(&body));
        assert_eq!(token.refresh().unwrap().expose(), "R2", "{life}");
        assert_eq!(token.validity().at(NOW), Freshness::Fresh, "{life}");
        assert!(!token.oddities().is_empty(), "{life}");
    }
}

// FAULTS.md row 49
#[test]
fn a_dead_jwt_does_not_cost_its_rotation() {
    // {"exp":1600000000}
    let body = r#"{"access_token":"e30.eyJleHAiOjE2MDAwMDAwMDB9.x","refresh_token":"R2"}"#;
    let token = issued(refreshed(body));
    assert_eq!(token.validity().at(NOW), Freshness::Fresh);
    assert_eq!(
        token.oddities(),
        ["the token's end is zero, negative or past"]
    );
}

// FAULTS.md row 49
#[test]
fn an_unknown_token_type_is_sent_as_bearer_unless_the_description_refuses_it() {
    for name in [
        r#""""#,
        r#""jwt""#,
        r#""BearerToken""#,
        r#""user""#,
        r#"["Bearer"]"#,
        "7",
    ] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":{name},"expires_in":3600,"refresh_token":"R2"}}"#
        );
        let token = issued(refreshed(&body));
        assert_eq!(token.headers()["authorization"], "Bearer A2", "{name}");
        assert_eq!(
            token.oddities(),
            ["the token's type is unknown, it is sent as Bearer"],
            "{name}"
        );

        let strict = builder()
            .unknown_token_type(UnknownTokenType::Refuse)
            .build()
            .unwrap();
        let response = response(200, "application/json", body.as_bytes());
        let (kept, error) = alone(read(&strict, &refresh(&strict), &response));
        assert_eq!(
            (kept.as_str(), error.kind()),
            ("R2", ErrorKind::Config),
            "{name}"
        );
    }
}

// FAULTS.md row 49
#[test]
fn a_token_that_needs_more_than_a_header_is_told_and_its_refresh_token_is_kept() {
    for name in ["DPoP", "dpop", "PoP", "MAC", "mac"] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":"{name}","expires_in":3600,"refresh_token":"R2"}}"#
        );
        let (kept, error) = alone(refreshed(&body));
        assert_eq!(
            (kept.as_str(), error.kind()),
            ("R2", ErrorKind::Config),
            "{name}"
        );
        assert!(error.to_string().contains("DPoP"), "{error}");
    }
}

// FAULTS.md rows 49 and 59
#[test]
fn an_unusable_access_token_does_not_cost_its_refresh_token() {
    for access in [
        "",
        r#""access_token":"","#,
        r#""access_token":" ","#,
        r#""access_token":"\u200b","#,
        r#""access_token":"Bearer ","#,
        r#""access_token":7,"#,
        r#""access_token":null,"#,
        r#""access_token":["A2"],"#,
        r#""access_token":"A\r\n2","#,
    ] {
        let body = format!(
            r#"{{{access}"token_type":"Bearer","expires_in":3600,"refresh_token":"R2","refresh_expires_in":100}}"#
        );
        let Ok(Outcome::RefreshTokenOnly {
            refresh,
            refresh_expires_at,
            ..
        }) = refreshed(&body)
        else {
            panic!("the rotation is lost: {access}");
        };
        assert_eq!(refresh.expose(), "R2", "{access}");
        assert_eq!(
            refresh_expires_at,
            Some(NOW.after(Duration::from_secs(100))),
            "{access}"
        );
    }
}

// FAULTS.md row 49
#[test]
fn a_redemption_keeps_what_can_be_kept_too() {
    let oauth2 = oauth2();
    let read = |body: &str| {
        read(
            &oauth2,
            &redemption(&oauth2),
            &response(200, "application/json", body.as_bytes()),
        )
    };
    let token = issued(read(
        r#"{"access_token":"A2","token_type":"user","expires_in":0,"refresh_token":"R2"}"#,
    ));
    assert_eq!(token.validity().at(NOW), Freshness::Fresh);
    assert_eq!(
        alone(read(r#"{"access_token":"","refresh_token":"R2"}"#)).0,
        "R2"
    );
    assert_eq!(read("").unwrap_err().kind(), ErrorKind::InDoubt);
    assert_eq!(read("{}").unwrap_err().kind(), ErrorKind::InDoubt);
}

// FAULTS.md row 49
#[test]
fn a_word_beside_a_new_refresh_token_does_not_cost_it() {
    let token = issued(refreshed(
        r#"{"access_token":"A2","refresh_token":"R2","error":"none","expires_in":60}"#,
    ));
    assert_eq!(
        token.oddities(),
        ["the answer has an error beside its token"]
    );
    assert_eq!(
        alone(refreshed(
            r#"{"refresh_token":"R2","error":"server_error"}"#
        ))
        .0,
        "R2"
    );
    // What was sent and comes back is an echo.
    let echoed = r#"{"error":"invalid_grant","refresh_token":"R1-in-hand"}"#;
    assert_eq!(kind(200, echoed), ErrorKind::Rejected);
    assert_eq!(
        kind(400, r#"{"error":"invalid_grant","refresh_token":"R2"}"#),
        ErrorKind::Rejected
    );
}

#[test]
fn an_error_that_says_none_is_none() {
    for none in ["0", "\"\"", "false", "null", "{}"] {
        let body = format!(r#"{{"error":{none},"access_token":"A2","expires_in":60}}"#);
        assert!(issued(refreshed(&body)).oddities().is_empty(), "{none}");
    }
}

// FAULTS.md row 49
#[test]
fn a_byte_that_is_not_utf8_in_a_field_that_nobody_reads_costs_nothing() {
    let oauth2 = oauth2();
    let body = b"{\"access_token\":\"A2\",\"token_type\":\"Bearer\",\"user\":\"Jos\xE9\",\"refresh_token\":\"R2\",\"expires_in\":60}";
    let token = issued(read(
        &oauth2,
        &refresh(&oauth2),
        &response(200, "application/json", body),
    ));
    assert_eq!(token.refresh().unwrap().expose(), "R2");
    assert_eq!(token.oddities().len(), 1);
    let spoilt = b"{\"access_token\":\"A\xE9\",\"refresh_token\":\"R2\"}";
    assert_eq!(
        alone(read(
            &oauth2,
            &refresh(&oauth2),
            &response(200, "application/json", spoilt)
        ))
        .0,
        "R2"
    );
}

// FAULTS.md row 59
#[test]
fn a_blank_refresh_token_is_not_taken() {
    for blank in [r#""""#, r#"" ""#, r#""\u00a0""#, r#""Bearer ""#, "7"] {
        let body = format!(r#"{{"access_token":"A2","refresh_token":{blank},"expires_in":60}}"#);
        let token = issued(refreshed(&body));
        assert!(token.refresh().is_none(), "{blank}");
        assert_eq!(token.oddities().is_empty(), blank == r#""""#, "{blank}");
    }
}

// FAULTS.md rows 23 and 50
#[test]
fn a_success_that_cannot_be_read_is_in_doubt() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"access_token":"A2"}{}"#,
        r#"{"access_token":"A2","access_token":"A3"}"#,
        r#"{"access_token":"A"#,
    ] {
        assert_eq!(kind(200, body), ErrorKind::InDoubt, "{body}");
    }
    for status in [408, 502, 504] {
        assert_eq!(kind(status, "{}"), ErrorKind::InDoubt, "{status}");
    }
    assert_eq!(kind(503, "{}"), TRANSIENT);
    assert_eq!(kind(500, "{}"), TRANSIENT);
    assert_eq!(kind(429, "{}"), ErrorKind::Throttled { after: None });
}

// FAULTS.md row 52
#[test]
fn a_form_and_a_wrapper_are_read() {
    let form = |status, body: &str| {
        let oauth2 = oauth2();
        let response = response(status, "application/x-www-form-urlencoded", body.as_bytes());
        read(&oauth2, &refresh(&oauth2), &response)
    };
    let token = issued(form(
        200,
        "access_token=A2&expires_in=60&refresh_token=R2&scope=&token_type=bearer",
    ));
    assert_eq!(
        (token.access().expose(), token.refresh().unwrap().expose()),
        ("A2", "R2")
    );
    let dead = form(
        200,
        "error=bad_refresh_token&error_description=The+token+is+gone",
    )
    .unwrap_err();
    assert_eq!(
        (dead.kind(), dead.message()),
        (ErrorKind::Rejected, Some("The token is gone"))
    );

    for (wrapper, body) in [
        (
            "data",
            r#"{"code":0,"data":{"access_token":"A2","refresh_token":"R2"}}"#,
        ),
        ("0", r#"[{"access_token":"A2","refresh_token":"R2"}]"#),
    ] {
        let oauth2 = builder().wrapped_in(wrapper).build().unwrap();
        let read = |status, body: &str| {
            read(
                &oauth2,
                &refresh(&oauth2),
                &response(status, "application/json", body.as_bytes()),
            )
        };
        assert_eq!(
            issued(read(200, body)).refresh().unwrap().expose(),
            "R2",
            "{wrapper}"
        );
        let refusal = read(400, r#"{"error":"invalid_grant","data":{}}"#).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::Rejected, "{wrapper}");
    }
}

// FAULTS.md row 69
#[test]
fn the_earliest_end_that_an_answer_tells_counts() {
    let end = |fields: &str| {
        let body = format!(r#"{{"access_token":"A2","refresh_token":"R2",{fields}}}"#);
        issued(refreshed(&body))
            .validity()
            .expires_at()
            .since(NOW)
            .as_secs()
    };
    assert_eq!(end(r#""expires_on":"1700000060""#), 60);
    assert_eq!(end(r#""expires_at":1700000060"#), 60);
    assert_eq!(end(r#""expires_at":1700000060000"#), 60);
    assert_eq!(end(r#""expires_at":"2023-11-14T22:14:20Z""#), 60);
    assert_eq!(end(r#""expires_in":30,"expires_at":1700000060"#), 30);
    assert_eq!(end(r#""expires_in":3600,"expires_at":1700000060"#), 60);
    // {"exp":1700000045}
    let body = r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDAwNDV9.x","expires_in":3600,"refresh_token":"R2"}"#;
    assert_eq!(
        issued(refreshed(body))
            .validity()
            .expires_at()
            .since(NOW)
            .as_secs(),
        45
    );
}

// FAULTS.md row 70
#[test]
fn a_token_is_due_well_before_its_refresh_token_ends() {
    for field in [
        r#""refresh_expires_in":8"#,
        r#""refresh_token_expires_in":"8""#,
        r#""x_refresh_token_expires_in":8"#,
        r#""refresh_token_expires_at":1700000008"#,
    ] {
        let body =
            format!(r#"{{"access_token":"A2","refresh_token":"R2","expires_in":16,{field}}}"#);
        let token = issued(refreshed(&body));
        assert_eq!(
            token.refresh_expires_at(),
            Some(NOW.after(Duration::from_secs(8))),
            "{field}"
        );
        assert_eq!(
            token.validity().refresh_at(),
            NOW.after(Duration::from_secs(6)),
            "{field}"
        );
    }
    let never = issued(refreshed(
        r#"{"access_token":"A2","refresh_token":"R2","expires_in":16,"refresh_expires_in":0}"#,
    ));
    assert_eq!(never.refresh_expires_at(), None);
}

// FAULTS.md row 105
#[test]
fn a_token_with_no_end_and_nothing_to_renew_it_is_used_until_it_is_refused() {
    let body = r#"{"access_token":"gho_16C7e42F292c6912E7710c838347Ae178B4a","token_type":"bearer","scope":"repo"}"#;
    let redeemed = |oauth2: &OAuth2, body: &str| {
        let response = response(200, "application/json", body.as_bytes());
        issued(read(oauth2, &redemption(oauth2), &response))
    };
    assert_eq!(redeemed(&oauth2(), body).validity().ends(), None);
    let renewable = builder().client_credentials().build().unwrap();
    assert!(redeemed(&renewable, body).validity().ends().is_some());
    let with_refresh = r#"{"access_token":"A2","refresh_token":"R2"}"#;
    assert!(
        redeemed(&oauth2(), with_refresh)
            .validity()
            .ends()
            .is_some()
    );
    assert!(
        issued(refreshed(r#"{"access_token":"A2"}"#))
            .validity()
            .ends()
            .is_some()
    );
}

// FAULTS.md row 14
#[test]
fn a_token_of_a_login_with_no_life_is_over_on_arrival() {
    let oauth2 = builder().client_credentials().build().unwrap();
    let login = oauth2.login(&attempt(NOW, 1)).unwrap().unwrap();
    for life in ["0", "-1"] {
        let body = format!(r#"{{"access_token":"A1","expires_in":{life}}}"#);
        let token = issued(read(
            &oauth2,
            &login,
            &response(200, "application/json", body.as_bytes()),
        ));
        assert_eq!(token.validity().at(NOW), Freshness::Expired, "{life}");
    }
}

// FAULTS.md row 114
#[test]
fn the_server_can_say_when_a_token_is_due() {
    let body = r#"{"access_token":"A2","refresh_token":"R2","expires_in":3600,"refresh_in":1800}"#;
    let validity = *issued(refreshed(body)).validity();
    assert_eq!(validity.refresh_at(), NOW.after(Duration::from_secs(1800)));
}

// FAULTS.md row 77
#[test]
fn a_dead_grant_is_recognized_in_all_its_words() {
    for (status, body) in [
        (
            401,
            r#"{"error":{"message":"Your refresh token has been invalidated","type":"invalid_request_error","code":"refresh_token_invalidated"}}"#,
        ),
        (
            400,
            r#"{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid"}],"success":false}"#,
        ),
        (400, r#"{"error":"INVALID_GRANT"}"#),
        (400, r#"{"error":"InvalidGrant"}"#),
        (400, r#"{"error":"refresh_token_expired"}"#),
        (401, r#"{"error":"refresh_token_reused"}"#),
        (401, r#"{"error":{"code":"refresh_token_reused"}}"#),
        (
            400,
            r#"{"error":"invalid_request","error_description":"session not found"}"#,
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"The refresh token is expired"}"#,
        ),
        (
            401,
            r#"{"timestamp":"2025-01-01","status":401,"error":"Unauthorized","message":"Invalid refresh token: R1","path":"/oauth/token"}"#,
        ),
        (
            400,
            r#"{"error":"Bad Request","message":"Invalid refresh token (expired): R1"}"#,
        ),
        (400, r#"{"errcode":40030,"errmsg":"invalid refresh_token"}"#),
        (403, r#"{"error":"session_expired"}"#),
        (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#),
    ] {
        assert_eq!(kind(status, body), ErrorKind::Rejected, "{body}");
    }
    let oauth2 = oauth2();
    let gbk = b"{\"error\":\"invalid_grant\",\"error_description\":\"\xCB\xA2\xD0\xC2\xC1\xEE\xC5\xC6\xCE\xDE\xD5\x5C\"}";
    let error = read(
        &oauth2,
        &refresh(&oauth2),
        &response(400, "application/json; charset=GBK", gbk),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn what_is_not_about_the_grant_does_not_end_it() {
    for (status, body, expected) in [
        (
            400,
            r#"{"error":"invalid_client","error_description":"session not found"}"#,
            ErrorKind::Config,
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"Missing parameter: refresh_token"}"#,
            ErrorKind::Config,
        ),
        (
            400,
            r#"{"error":"unsupported_grant_type","error_description":"invalid grant type"}"#,
            ErrorKind::Config,
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"invalid grant type"}"#,
            ErrorKind::Config,
        ),
        (400, r#"{"error":"never_heard_of"}"#, ErrorKind::Protocol),
        (
            404,
            r#"{"message":"no Route matched with those values"}"#,
            ErrorKind::Config,
        ),
    ] {
        assert_eq!(kind(status, body), expected, "{body}");
    }
}

// FAULTS.md row 66
#[test]
fn a_text_that_asks_to_come_back_is_transient() {
    for (status, body) in [
        (400, "please retry"),
        (
            400,
            r#"{"error":"invalid_request","error_description":"Please retry your request"}"#,
        ),
        (
            400,
            r#"{"message":"The service is temporarily overloaded"}"#,
        ),
        (
            403,
            r#"{"error":"busy","error_description":"try again in a minute"}"#,
        ),
    ] {
        assert_eq!(kind(status, body), TRANSIENT, "{body}");
    }
    assert_eq!(
        kind(
            400,
            r#"{"error":"invalid_grant","error_description":"Please log in and try again"}"#
        ),
        ErrorKind::Rejected
    );
}

// FAULTS.md row 66
#[test]
fn what_a_gateway_says_is_not_the_servers_word() {
    for (status, body) in [
        (404, "404 page not found"),
        (404, r#"{"message":"no Route matched with those values"}"#),
        (401, "<html>"),
        (400, "please retry"),
        (403, "<html>Forbidden</html>"),
        (
            404,
            r#"{"timestamp":1,"status":404,"error":"Not Found","path":"/oauth/token"}"#,
        ),
        (
            401,
            r#"{"status":401,"error":"Unauthorized","message":"no","path":"/"}"#,
        ),
    ] {
        assert!(!refused(status, body).is_vendors_word(), "{body}");
    }
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (400, r#"{"error":"invalid_request"}"#),
    ] {
        assert!(refused(status, body).is_vendors_word(), "{body}");
    }
}

// FAULTS.md row 79
#[test]
fn an_unknown_refusal_of_a_code_is_not_retryable() {
    let oauth2 = oauth2();
    for (status, body) in [
        (400, r#"{"error":"never_heard_of"}"#),
        (403, "<html>"),
        (200, "{}"),
        (200, "<html>"),
        (502, ""),
    ] {
        let response = response(status, "application/json", body.as_bytes());
        let error = read(&oauth2, &redemption(&oauth2), &response).unwrap_err();
        assert!(!error.is_retryable(), "{status} {body}: {error:?}");
    }
}

// FAULTS.md row 87
#[test]
fn a_refusal_with_retry_after_says_how_long_to_wait() {
    let oauth2 = oauth2();
    let mut response = response(403, "application/json", br#"{"error":"access_denied"}"#);
    response
        .headers_mut()
        .insert("retry-after", "90".parse().unwrap());
    let error = read(&oauth2, &refresh(&oauth2), &response).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
}

// FAULTS.md row 103
#[test]
fn a_failing_server_keeps_its_words() {
    let error = refused(503, r#"{"errcode":50002,"msg":"R1-in-hand: maintenance"}"#);
    assert_eq!(
        (error.kind(), error.code(), error.message()),
        (TRANSIENT, Some("50002"), Some("[scrubbed]: maintenance"))
    );
}

// FAULTS.md scenario 8
#[test]
fn a_dead_grant_in_the_body_of_a_failing_server_is_transient() {
    let oauth2 = builder().client_credentials().build().unwrap();
    let login = oauth2.login(&attempt(NOW, 1)).unwrap().unwrap();
    for status in [500, 503] {
        let response = response(status, "application/json", br#"{"error":"invalid_grant"}"#);
        for request in [&login, &refresh(&oauth2)] {
            let error = read(&oauth2, request, &response).unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (TRANSIENT, Some("invalid_grant")),
                "{status}"
            );
        }
    }
}
