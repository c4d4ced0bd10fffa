//! What a refusal means.

use super::*;

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

// FAULTS.md row 77
#[test]
fn a_revoked_grant_is_recognized_in_all_its_words() {
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
        let response = json(status, body);
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
fn the_code_and_message_of_a_failing_server_are_kept() {
    let error = refused(503, r#"{"errcode":50002,"msg":"R1-in-hand: maintenance"}"#);
    assert_eq!(
        (error.kind(), error.code(), error.message()),
        (TRANSIENT, Some("50002"), Some("[scrubbed]: maintenance"))
    );
}

// FAULTS.md scenario 8
#[test]
fn a_revoked_grant_in_the_body_of_a_failing_server_is_transient() {
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
