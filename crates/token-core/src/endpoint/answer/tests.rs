mod scrubbing;

use http::HeaderValue;

use super::*;
use crate::endpoint::answer::outcome::Outcome;
use crate::endpoint::base_url::{BaseUrl, PlainHttp};
use crate::token::secret::Secret;

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
fn a_truncated_success_is_in_doubt() {
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
fn a_gateway_that_gave_up_leaves_a_spent_token_in_doubt() {
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
fn a_server_error_keeps_its_scrubbed_message() {
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
fn retry_after_is_kept_for_every_refusal() {
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
fn a_new_refresh_token_is_kept_if_the_access_token_is_unusable() {
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
