//! Faults of the token service and of the network.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use enos_apim_auth::{EnosApim, TimestampAs};
use token_core::reexports::Bytes;
use token_core::reexports::http::Response;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, ServerOffset, Timestamp, Token,
    TokenEndpoint, Validity,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const SECRET: &str = "app-secret-tell-no-one";

fn enos() -> EnosApim {
    EnosApim::builder("https://apim.example.com")
        .app_key("app-key-1")
        .app_secret(SECRET)
        .build()
        .unwrap()
}

fn get_at(now: Timestamp) -> Request {
    enos().login(&Attempt::new(now, [0; 16])).unwrap().unwrap()
}

fn refresh() -> Request {
    let living = Validity::new(NOW, NOW.after(Duration::from_secs(60)));
    let token = Token::builder("old-token-tell-no-one".into(), living)
        .build()
        .unwrap();
    enos().refresh(&token, &Attempt::new(NOW, [0; 16])).unwrap()
}

fn read(
    request: &Request,
    status: u16,
    body: &str,
    offset: ServerOffset,
) -> Result<Outcome, Error> {
    let response = Response::builder()
        .status(status)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    enos().read(
        &Answer::new(request, &response, NOW, offset),
        &Attempt::new(NOW, [0; 16]),
    )
}

fn refused(request: &Request, status: u16, body: &str) -> Error {
    read(request, status, body, ServerOffset::NONE).unwrap_err()
}

fn code(code: i64) -> String {
    format!(r#"{{"status":{code},"msg":"no","business":"apim-token-service","data":null}}"#)
}

// FAULTS.md row 20
#[test]
fn a_digest_signed_with_a_skewed_clock_is_signed_again_once() {
    let ahead = ServerOffset::from_millis(600_500);
    let Ok(Outcome::Retry(error)) = read(&get_at(NOW), 200, &code(1003), ahead) else {
        panic!("not tried again");
    };
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("1003"))
    );
    // The engine's next attempt uses the server's time; if it is refused too, the secret is wrong.
    let corrected = get_at(ahead.server_time(NOW));
    let error = read(&corrected, 200, &code(1003), ahead).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

// FAULTS.md row 20
#[test]
fn a_wrong_digest_with_a_right_clock_is_the_configuration() {
    for offset in [0, 2_500, -30_000] {
        let read = read(
            &get_at(NOW),
            200,
            &code(1003),
            ServerOffset::from_millis(offset),
        );
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Config, "{offset}");
    }
}

// FAULTS.md row 20
#[test]
fn the_gateways_497_is_a_matter_of_the_clock_too_with_or_without_a_body() {
    for body in [&code(497), "", "<html>"] {
        let behind = ServerOffset::from_millis(-3_600_000);
        let read = read(&refresh(), 497, body, behind);
        assert!(matches!(read, Ok(Outcome::Retry(_))), "{body}");
    }
}

// FAULTS.md row 20
#[test]
fn a_timestamp_written_as_text_is_compared_with_the_servers_clock_too() {
    let enos = EnosApim::builder("https://apim.example.com")
        .app_key("K")
        .app_secret("S")
        .timestamp_as(TimestampAs::Text)
        .build()
        .unwrap();
    let request = enos.login(&Attempt::new(NOW, [0; 16])).unwrap().unwrap();
    assert!(
        String::from_utf8_lossy(request.to_http().body())
            .contains(r#""timestamp":"1700000000000""#)
    );
    assert_eq!(
        read(&request, 200, &code(1003), ServerOffset::NONE)
            .unwrap_err()
            .kind(),
        ErrorKind::Config
    );
    let behind = ServerOffset::from_millis(-3_600_000);
    assert!(matches!(
        read(&request, 200, &code(1003), behind),
        Ok(Outcome::Retry(_))
    ));
}

// FAULTS.md row 44
#[test]
fn a_duplicated_encryption_is_signed_again_with_a_later_timestamp() {
    let Ok(Outcome::Retry(error)) = read(&get_at(NOW), 200, &code(1001), ServerOffset::NONE) else {
        panic!("not tried again");
    };
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    let later = get_at(NOW.shifted(1));
    assert_ne!(later.to_http().body(), get_at(NOW).to_http().body());
}

// FAULTS.md row 26
#[test]
fn a_message_that_echoes_token_or_digest_is_scrubbed() {
    let digest = enos_apim_auth::encryption("app-key-1", NOW, &SECRET.into());
    let body = format!(
        r#"{{"status":1204,"msg":"bad old-token-tell-no-one {} {SECRET}"}}"#,
        digest.expose()
    );
    let error = refused(&refresh(), 200, &body);
    let shown = format!("{error} {error:?} {:?} {:?}", enos(), refresh());
    for secret in ["tell-no-one", digest.expose()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(
        error.message(),
        Some("bad [scrubbed] [scrubbed] [scrubbed]")
    );
}

// FAULTS.md row 16
#[test]
fn success_without_a_token_is_no_success() {
    for body in [
        r#"{"status":0,"msg":"SUCCESS","data":{"accessToken":"","expire":7200}}"#,
        r#"{"status":0,"msg":"SUCCESS","data":null}"#,
        r#"{"status":0}"#,
        r#"{}"#,
        r#"{"status":0,"data":{"accessToken":5,"expire":7200}}"#,
    ] {
        assert_eq!(
            refused(&get_at(NOW), 200, body).kind(),
            ErrorKind::Protocol,
            "{body}"
        );
    }
}

// FAULTS.md row 14
#[test]
fn a_life_of_nothing_is_over_on_arrival_and_an_unreadable_one_is_the_documented_one() {
    let answer = |expire: &str| format!(r#"{{"status":0,"data":{{"accessToken":"T"{expire}}}}}"#);
    let life =
        |request: &Request, expire| match read(request, 200, &answer(expire), ServerOffset::NONE) {
            Ok(Outcome::Issued(token)) => token.validity().expires_at().since(NOW).as_secs(),
            other => panic!("{other:?}"),
        };
    for expire in [r#","expire":0"#, r#","expire":-5"#] {
        assert_eq!(life(&get_at(NOW), expire), 0, "{expire}");
        assert_eq!(life(&refresh(), expire), 7200, "{expire}");
    }
    for expire in ["", r#","expire":"soon""#, r#","expire":null"#] {
        assert_eq!(life(&get_at(NOW), expire), 7200, "{expire}");
    }
    assert_eq!(life(&get_at(NOW), r#","expire":1e300"#), 10 * 366 * 86_400);
}

// FAULTS.md rows 22 and 50
#[test]
fn a_captive_portal_is_retried_and_leaves_a_refresh_in_doubt() {
    let page = "<!DOCTYPE html><title>Welcome</title>";
    assert_eq!(refused(&refresh(), 200, page).kind(), ErrorKind::InDoubt);
    let transient = ErrorKind::Transient { after: None };
    assert_eq!(refused(&get_at(NOW), 200, page).kind(), transient);
}

// FAULTS.md row 30
#[test]
fn a_token_with_a_line_break_is_refused() {
    let body = r#"{"status":0,"data":{"accessToken":"a\r\nx-evil: 1","expire":60}}"#;
    assert_eq!(refused(&get_at(NOW), 200, body).kind(), ErrorKind::Protocol);
}

// FAULTS.md row 33
#[test]
fn a_400_that_means_retry_is_not_terminal() {
    let error = refused(&refresh(), 400, &code(1005));
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    assert!(matches!(
        read(&refresh(), 400, &code(1001), ServerOffset::NONE),
        Ok(Outcome::Retry(_))
    ));
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in ["", " ", r"\u00a0", r"\u200b", "Bearer ", r"\t"] {
        let token = format!(r#""{blank}""#);
        let body = format!(r#"{{"status":0,"data":{{"accessToken":{token},"expire":7200}}}}"#);
        for request in [get_at(NOW), refresh()] {
            assert_eq!(
                refused(&request, 200, &body).kind(),
                ErrorKind::Protocol,
                "{token}"
            );
        }
    }
}

// FAULTS.md row 69
#[test]
fn the_earlier_of_the_life_and_the_tokens_own_end_counts() {
    // {"exp":1700000600}
    let token = "e30.eyJleHAiOjE3MDAwMDA2MDB9.s";
    let body = format!(r#"{{"status":0,"data":{{"accessToken":"{token}","expire":7200}}}}"#);
    let Ok(Outcome::Issued(token)) = read(&get_at(NOW), 200, &body, ServerOffset::NONE) else {
        panic!("no token");
    };
    assert_eq!(
        token.validity().expires_at(),
        NOW.after(Duration::from_secs(600))
    );
}

// FAULTS.md rows 87 and 103
#[test]
fn a_gateways_refusal_keeps_its_wait_and_a_failing_server_its_code() {
    let response = Response::builder().status(403).header("retry-after", "30");
    let response = response.body(Bytes::from(code(1002))).unwrap();
    let request = get_at(NOW);
    let error = enos()
        .read(
            &Answer::new(&request, &response, NOW, ServerOffset::NONE),
            &Attempt::new(NOW, [0; 16]),
        )
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let error = refused(&request, 500, &code(1005));
    assert_eq!((error.code(), error.message()), (Some("1005"), Some("no")));
}
