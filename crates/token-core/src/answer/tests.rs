use http::HeaderValue;

use super::*;
use crate::base_url::{BaseUrl, PlainHttp};
use crate::request::Step;

fn request(step: Step) -> Request {
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    Request::post(&base, "/token")
        .form_secret("refresh_token", &Secret::from("R1-very-secret"))
        .build(step)
        .unwrap()
}

fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(*name, HeaderValue::from_str(value).unwrap());
    }
    response
}

fn with_answer<T>(response: &http::Response<Bytes>, check: impl FnOnce(&Answer<'_>) -> T) -> T {
    with_answer_to(Step::Refresh, response, check)
}

fn with_answer_to<T>(
    step: Step,
    response: &http::Response<Bytes>,
    check: impl FnOnce(&Answer<'_>) -> T,
) -> T {
    let request = request(step);
    let asked_at = Timestamp::from_unix_seconds(1000);
    check(&Answer::new(
        &request,
        response,
        asked_at,
        ServerOffset::NONE,
    ))
}

fn kind_of(step: Step, status: u16, body: &str) -> Option<ErrorKind> {
    with_answer_to(step, &response(status, &[], body), |answer| {
        answer.document().err().map(|error| error.kind())
    })
}

const TRANSIENT: Option<ErrorKind> = Some(ErrorKind::Transient { after: None });
const IN_DOUBT: Option<ErrorKind> = Some(ErrorKind::InDoubt);

// FAULTS.md row 22
#[test]
fn a_web_page_with_200_is_retryable() {
    for page in ["<!doctype html><title>Sign in</title>", " \n<html>"] {
        assert_eq!(kind_of(Step::Login, 200, page), TRANSIENT);
        assert_eq!(kind_of(Step::Refresh, 200, page), IN_DOUBT);
    }
}

// FAULTS.md row 25
#[test]
fn a_success_that_is_cut_short_is_in_doubt() {
    for step in [Step::Login, Step::Refresh, Step::Redemption] {
        assert_eq!(kind_of(step, 200, "{\"access_token\":\"A"), IN_DOUBT);
    }
}

// FAULTS.md rows 23 and 50
#[test]
fn a_success_that_cannot_be_read_leaves_a_spent_token_in_doubt() {
    let bodies = [
        "",
        " ",
        "<html>",
        "{}{",
        "{\"a\":1,\"a\":2}",
        "{\0}\0",
        "token",
        "[",
        "\u{feff}",
    ];
    for body in bodies {
        for step in [Step::Refresh, Step::Redemption] {
            assert_eq!(kind_of(step, 200, body), IN_DOUBT, "{step} {body:?}");
            assert_ne!(kind_of(step, 400, body), IN_DOUBT, "{step} {body:?}");
        }
    }
    assert_eq!(kind_of(Step::Login, 200, ""), Some(ErrorKind::Protocol));
}

// FAULTS.md row 50
#[test]
fn who_gave_up_between_us_and_the_vendor_leaves_a_spent_token_in_doubt() {
    for status in [408, 502, 504] {
        assert_eq!(kind_of(Step::Refresh, status, "{}"), IN_DOUBT);
        assert_eq!(kind_of(Step::Redemption, status, "<html>"), IN_DOUBT);
        assert_eq!(kind_of(Step::Login, status, ""), TRANSIENT);
    }
    for status in [425, 500, 501, 503, 599] {
        assert_eq!(kind_of(Step::Refresh, status, "{}"), TRANSIENT);
    }
    let waited = with_answer(&response(502, &[("retry-after", "7")], ""), |answer| {
        answer.document().unwrap_err()
    });
    assert_eq!(
        (waited.kind(), waited.retry_after()),
        (ErrorKind::InDoubt, Some(Duration::from_secs(7)))
    );
}

#[test]
fn statuses_are_judged_before_bodies() {
    let kind_of = |status, body| kind_of(Step::Refresh, status, body);
    assert_eq!(kind_of(500, "{}"), TRANSIENT);
    assert_eq!(
        kind_of(429, "{}"),
        Some(ErrorKind::Throttled { after: None })
    );
    assert_eq!(kind_of(404, "<html>"), Some(ErrorKind::Config));
    assert_eq!(kind_of(400, "nope"), Some(ErrorKind::Protocol));
    assert_eq!(kind_of(400, "{}"), None);
}

// FAULTS.md row 103
#[test]
fn a_failure_of_the_server_keeps_its_words_scrubbed() {
    for (status, body, code, message) in [
        (
            503,
            r#"{"error":"temporarily_unavailable","error_description":"R1-very-secret is busy"}"#,
            "temporarily_unavailable",
            Some("[scrubbed] is busy"),
        ),
        (
            500,
            r#"{"errcode":40001,"errmsg":"down"}"#,
            "40001",
            Some("down"),
        ),
        (
            502,
            r#"{"error":{"code":"upstream","message":"gone"}}"#,
            "upstream",
            Some("gone"),
        ),
        (429, r#"{"code":"9","msg":"slowly"}"#, "9", Some("slowly")),
        (500, "<html>", "500", None),
    ] {
        let error = with_answer(&response(status, &[], body), |answer| {
            answer.document().unwrap_err()
        });
        assert_eq!(
            (error.code(), error.message()),
            (Some(code), message),
            "{body}"
        );
    }
}

// FAULTS.md row 87
#[test]
fn retry_after_is_obeyed_whatever_the_refusal() {
    let asked = |kind, value| {
        with_answer(&response(403, &[("retry-after", value)], "{}"), |answer| {
            answer.refused(kind, "no", "").retry_after()
        })
    };
    assert_eq!(
        asked(ErrorKind::Rejected, "30"),
        Some(Duration::from_secs(30))
    );
    assert_eq!(
        asked(ErrorKind::Protocol, "30"),
        Some(Duration::from_secs(30))
    );
    let frozen = ErrorKind::Locked {
        after: Duration::from_secs(1200),
    };
    assert_eq!(asked(frozen, "30"), Some(Duration::from_secs(1200)));
}

// FAULTS.md row 52
#[test]
fn a_form_is_read_by_its_content_type() {
    let form = "access_token=A1&expires_in=3600";
    let typed = |content_type| {
        with_answer(
            &response(200, &[("content-type", content_type)], form),
            |answer| {
                answer
                    .document()
                    .ok()
                    .and_then(|document| document.secret(&["access_token"]))
            },
        )
    };
    for content_type in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=utf-8",
    ] {
        assert_eq!(typed(content_type).unwrap().expose(), "A1");
    }
    assert!(typed("application/json").is_none());
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_outlives_an_unusable_access_token() {
    let outcome = |status, refresh: Option<&str>| {
        with_answer(&response(status, &[], "{}"), |answer| {
            let token = Err(answer.not_understood("no access token"));
            answer.outcome(token, refresh.map(Secret::from), None)
        })
    };
    let Ok(Outcome::RefreshTokenOnly { refresh, error, .. }) = outcome(200, Some("R2")) else {
        panic!("the refresh token is lost");
    };
    assert_eq!((refresh.expose(), error.kind()), ("R2", ErrorKind::InDoubt));
    for (status, refresh) in [
        (200, None),
        (200, Some(" ")),
        (200, Some("R1-very-secret")),
        (400, Some("R2")),
    ] {
        let kind = outcome(status, refresh).unwrap_err().kind();
        assert_eq!(
            kind == ErrorKind::InDoubt,
            status == 200,
            "{status} {refresh:?}"
        );
    }
}

// FAULTS.md row 32
#[test]
fn retry_after_is_obeyed_and_clamped_for_429_and_503() {
    for (status, value, seconds) in [(429, "7", 7), (503, "0", 1), (503, "1000000", 3600)] {
        let after = with_answer(&response(status, &[("retry-after", value)], ""), |answer| {
            answer.document().unwrap_err().kind().retry_after()
        });
        assert_eq!(after, Some(Duration::from_secs(seconds)));
    }
}

// FAULTS.md row 29
#[test]
fn a_redirect_is_a_typed_error_that_names_the_host_only() {
    for (location, host) in [
        (
            "https://evil.example/collect?refresh_token=R1-very-secret",
            "evil.example",
        ),
        ("https://R1-very-secret@evil.example/", "evil.example"),
        ("/login?from=R1-very-secret", "vendor.example"),
        ("very-secret", "vendor.example"),
        ("very-secret:80", "vendor.example"),
    ] {
        for status in [301, 302, 307, 308] {
            let error = with_answer(&response(status, &[("location", location)], ""), |answer| {
                answer.document().unwrap_err()
            });
            assert_eq!(
                (error.kind(), error.host()),
                (ErrorKind::Protocol, Some(host))
            );
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}

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
fn an_answer_is_scrubbed_of_the_tokens_that_it_brings() {
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
fn secrets_of_earlier_requests_and_of_the_token_in_hand_are_scrubbed() {
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
fn a_challenge_and_a_code_are_no_secrets() {
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
fn a_short_token_of_an_answer_and_a_jwt_that_nobody_knows_are_scrubbed() {
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
