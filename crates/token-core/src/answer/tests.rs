use http::HeaderValue;

use super::*;
use crate::base_url::{BaseUrl, PlainHttp};
use crate::request::Step;

fn refresh_request() -> Request {
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    Request::post(&base, "/token")
        .form_secret("refresh_token", &Secret::from("R1-very-secret"))
        .build(Step::Refresh)
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
    let request = refresh_request();
    check(&Answer::new(
        &request,
        response,
        Timestamp::from_unix_seconds(1000),
        ServerOffset::NONE,
    ))
}

fn kind_of(status: u16, body: &str) -> Option<ErrorKind> {
    with_answer(&response(status, &[], body), |answer| {
        answer.document().err().map(|error| error.kind())
    })
}

const TRANSIENT: Option<ErrorKind> = Some(ErrorKind::Transient { after: None });

// FAULTS.md row 22
#[test]
fn a_web_page_with_200_is_retryable() {
    assert_eq!(kind_of(200, "<!doctype html><title>Sign in</title>"), TRANSIENT);
    assert_eq!(kind_of(200, " \n<html>"), TRANSIENT);
}

// FAULTS.md row 25
#[test]
fn a_success_that_is_cut_short_is_in_doubt() {
    assert_eq!(kind_of(200, "{\"access_token\":\"A"), Some(ErrorKind::InDoubt));
}

#[test]
fn statuses_are_judged_before_bodies() {
    assert_eq!(kind_of(500, "{}"), TRANSIENT);
    assert_eq!(kind_of(502, "<html>"), TRANSIENT);
    assert_eq!(kind_of(408, ""), TRANSIENT);
    assert_eq!(kind_of(429, "{}"), Some(ErrorKind::Throttled { after: None }));
    assert_eq!(kind_of(404, "<html>"), Some(ErrorKind::Config));
    assert_eq!(kind_of(400, "nope"), Some(ErrorKind::Protocol));
    assert_eq!(kind_of(200, ""), Some(ErrorKind::Protocol));
    assert_eq!(kind_of(400, "{}"), None);
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
    ] {
        for status in [301, 302, 307, 308] {
            let error = with_answer(&response(status, &[("location", location)], ""), |answer| {
                answer.document().unwrap_err()
            });
            assert_eq!((error.kind(), error.host()), (ErrorKind::Protocol, Some(host)));
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}

// FAULTS.md rows 14, 15 and 17
#[test]
fn an_expiry_is_an_instant_or_a_typed_error() {
    let relative = |value: &str| {
        with_answer(&response(200, &[], &format!("{{\"e\":{value}}}")), |answer| {
            let document = answer.document().unwrap();
            answer
                .expires_in(&document, &["e"])
                .map(|result| result.map(Timestamp::unix_seconds).map_err(|e| e.kind()))
        })
    };
    assert_eq!(relative("3600"), Some(Ok(4600)));
    assert_eq!(relative("\"3600\""), Some(Ok(4600)));
    assert_eq!(relative("null"), None);
    for bad in [
        "0",
        "-1",
        "1e18",
        "18446744073709551616",
        "\"NaN\"",
        "9223372036854775807",
    ] {
        assert_eq!(relative(bad), Some(Err(ErrorKind::Protocol)), "{bad}");
    }
}

// FAULTS.md row 17
#[test]
fn an_absolute_expiry_is_corrected_by_the_servers_clock_and_never_past() {
    let request = refresh_request();
    let absolute = |value: &str, offset| {
        let response = response(200, &[], &format!("{{\"e\":{value}}}"));
        let answer = Answer::new(
            &request,
            &response,
            Timestamp::from_unix_seconds(1000),
            ServerOffset::from_millis(offset),
        );
        let document = answer.document().unwrap();
        answer
            .expires_at(&document, &["e"])
            .unwrap()
            .map(Timestamp::unix_seconds)
            .map_err(|error| error.kind())
    };
    assert_eq!(absolute("8200", 0), Ok(8200));
    assert_eq!(absolute("8200", 600_000), Ok(7600));
    for bad in ["0", "999", "1000", "1744787786000"] {
        assert_eq!(absolute(bad, 0), Err(ErrorKind::Protocol), "{bad}");
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
        r#"{"access_token":"A1-very-secret","expires_in":"A1-very-secret"}"#,
        r#"{"access_token":"A1-very-secret" "refresh_token":"R1-very-secret"}"#,
        r#"{"access_token":"A1-very-secret","access_token":"A1-very-secret"}"#,
    ] {
        let error = with_answer(&response(200, &[], body), |answer| {
            let expiry = |document| answer.expires_in(&document, &["expires_in"]).transpose();
            answer.document().and_then(expiry).unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::Protocol);
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
        (&[("x-token", "A2-very-secret-token")][..], "{}"),
        (
            &[("location", "https://a.example/#t=A2-very-secret-token")][..],
            "",
        ),
    ] {
        let error = with_answer(&response(400, headers, body), |answer| {
            answer.refused(ErrorKind::Rejected, "1", message)
        });
        assert_eq!(error.message(), Some("user 17 has [scrubbed] already"), "{body}");
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
        assert!(error.host().is_some_and(|host| host.contains("evil.example")));
    }
}

// FAULTS.md row 80
#[test]
fn secrets_of_earlier_requests_and_of_the_token_in_hand_are_scrubbed() {
    let earlier = refresh_request();
    let in_hand = Secret::from("A1-also-secret");
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    let request = Request::post(&base, "/second").build(Step::Login).unwrap();
    let request = request.remembering(earlier.secrets()).remembering([&in_hand]);
    let text = "not R1-very-secret and not A1-also-secret";
    assert_eq!(
        request.scrubber().scrub(text, 99),
        "not [scrubbed] and not [scrubbed]"
    );
}
