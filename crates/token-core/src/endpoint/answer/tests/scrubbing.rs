//! Secrets of a request or an answer do not get into an error.

use super::*;

// FAULTS.md row 26
#[test]
fn an_echoed_refresh_token_is_scrubbed() {
    let error = with_answer(&response(400, &[], "{}"), |answer| {
        answer.refused(
            ErrorKind::Rejected,
            "invalid_grant",
            "Invalid refresh token: R1-very-secret ",
        )
    });
    assert_eq!(error.message(), Some("Invalid refresh token: [scrubbed]"));
    assert!(!format!("{error} {error:?}").contains("very"));
}

// FAULTS.md row 27
#[test]
fn what_a_parser_would_quote_is_never_shown() {
    for body in [
        r#"{"access_token":"A1-very-secret" "refresh_token":"R1-very-secret"}"#,
        r#"{"access_token":"A1-very-secret","access_token":"A1-very-secret"}"#,
    ] {
        let error = with_answer(&response(200, &[], body), |answer| {
            answer.document().unwrap_err()
        });
        assert!(!format!("{error} {error:?} {error:#?}").contains("secret"));
    }
}

// FAULTS.md row 80
#[test]
fn an_answer_is_scrubbed_of_the_tokens_that_it_contains() {
    let message = "user 17 has A2-very-secret-token already";
    for (headers, body) in [
        (
            &[][..],
            r#"{"code":1,"data":{"tokens":["QJWT A2-very-secret-token"]}}"#,
        ),
        (&[][..], "error=odd&access_token=A2%2Dvery%2Dsecret%2Dtoken"),
        (
            &[][..],
            r#"{"code":1e400,"x":"A2-very-secret-token","n":["\u0000"]}"#,
        ),
        (&[("x-token", "A2-very-secret-token")][..], "{}"),
        (
            &[("location", "https://a.example/#t=A2-very-secret-token")][..],
            "",
        ),
    ] {
        let error = with_answer(&response(400, headers, body), |answer| {
            answer.refused(ErrorKind::Rejected, "1", message)
        });
        assert_eq!(
            error.message(),
            Some("user 17 has [scrubbed] already"),
            "{body}"
        );
    }
}

// FAULTS.md row 80
#[test]
fn the_host_of_a_redirect_is_scrubbed() {
    for location in [
        "https://R1-very-secret.evil.example/",
        "https://r1-very-secret.evil.example:8443/x",
        "https://A2-very-secret-token.evil.example/?t=A2-very-secret-token",
    ] {
        let error = with_answer(&response(302, &[("location", location)], ""), |answer| {
            answer.document().unwrap_err()
        });
        assert!(!format!("{error} {error:?}").contains("very"), "{error}");
        assert!(
            error
                .host()
                .is_some_and(|host| host.contains("evil.example"))
        );
    }
}

// FAULTS.md row 80
#[test]
fn secrets_of_earlier_requests_and_of_the_current_token_are_scrubbed() {
    let earlier = request(Step::Refresh);
    let in_hand = Secret::from("A1-also-secret");
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    let request = Request::post(&base, "/second").build(Step::Login).unwrap();
    let request = request
        .remembering(earlier.secrets())
        .remembering([&in_hand]);
    let text = "not R1-very-secret and not A1-also-secret";
    assert_eq!(
        request.scrubber().scrub(text, 99),
        "not [scrubbed] and not [scrubbed]"
    );
}

#[test]
fn a_challenge_and_a_code_are_not_secrets() {
    let challenge = r#"Bearer realm="oauth2/client",error="invalid_token_x""#;
    let body = r#"{"state":"invalid_token_x","errorType":"INVALID_TOKEN_OF_17"}"#;
    let response = response(401, &[("www-authenticate", challenge)], body);
    let error = with_answer(&response, |answer| {
        answer.refused(
            ErrorKind::Rejected,
            "invalid_token_x",
            "INVALID_TOKEN_OF_17",
        )
    });
    assert_eq!(error.code(), Some("invalid_token_x"));
    assert_eq!(error.message(), Some("INVALID_TOKEN_OF_17"));
}

// FAULTS.md row 80
#[test]
fn a_short_token_of_an_answer_and_an_unknown_jwt_are_scrubbed() {
    let body = r#"{"access_token":"A2-short","token_type":"bearer-of-17"}"#;
    let error = with_answer(&response(400, &[], body), |answer| {
        let message = "bearer-of-17 A2-short, eyJhbGciOiJub25lIn0.e30. and eyJ";
        answer.refused(ErrorKind::Rejected, "1", message)
    });
    assert_eq!(
        error.message(),
        Some("bearer-of-17 [scrubbed], [scrubbed] and eyJ")
    );
}
