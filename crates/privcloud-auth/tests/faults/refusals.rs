//! Refusals.

use super::*;

// FAULTS.md row 6
#[test]
fn a_revoked_grant_is_rejected_whichever_word_is_used() {
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
            .read(
                &Answer::new(&request, &response, NOW, ServerOffset::NONE),
                &Attempt::new(NOW, [0; 16]),
            )
            .unwrap_err();
        assert!(!error.is_retryable(), "{status} {body}: {error}");
    }
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
