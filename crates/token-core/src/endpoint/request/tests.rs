use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};

use super::*;
use crate::endpoint::base_url::{BaseUrl, PlainHttp};
use crate::error::ErrorKind;

fn base() -> BaseUrl {
    BaseUrl::parse("https://example.com/x", PlainHttp::Refused).unwrap()
}

#[test]
fn a_query_is_percent_encoded_and_a_space_becomes_percent_20() {
    let token = Secret::from("QJWT a+b/c");
    let request = Request::get(&base(), "/r")
        .query_secret("refresh_token", &token)
        .build(Step::Refresh)
        .unwrap();
    let expected = "https://example.com/x/r?refresh_token=QJWT%20a%2Bb%2Fc";
    assert_eq!(request.to_http().uri().to_string(), expected);
}

#[test]
fn debug_shows_no_secret_and_no_path() {
    let secret = Secret::from("tell-no-one");
    let builder = Request::post(&base(), "/r")
        .form_secret("a", &secret)
        .basic("id", &secret);
    let shown = format!("{builder:?}");
    let request = builder
        .query_secret("q", &secret)
        .build(Step::Login)
        .unwrap();
    let shown = format!("{shown} {request:?} {:?}", request.to_http().headers());
    assert!(
        !shown.contains("tell-no-one") && !shown.contains("aWQ6"),
        "{shown}"
    );
}

// FAULTS.md row 30
#[test]
fn control_characters_are_refused_before_a_header() {
    for bad in ["a\rb", "a\nb", "a\0b"] {
        let built = Request::get(&base(), "/")
            .header_secret(AUTHORIZATION, &Secret::from(bad))
            .build(Step::Login);
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
    }
}

#[test]
fn basic_is_raw_and_remembered() {
    let request = Request::post(&base(), "/t")
        .basic("a:b", &Secret::from("se cret"))
        .build(Step::Refresh)
        .unwrap();
    let value = request.to_http().headers()[AUTHORIZATION]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        value,
        format!("Basic {}", BASE64_STANDARD.encode("a:b:se cret"))
    );
    assert_eq!(request.scrubber().scrub(&value, 99), "Basic [scrubbed]");
}

// FAULTS.md row 52
#[test]
fn an_uncompressed_answer_is_requested() {
    let request = Request::get(&base(), "/").build(Step::Login).unwrap();
    assert_eq!(request.to_http().headers()["accept-encoding"], "identity");
}

#[test]
fn a_clone_shares_what_it_does_not_change() {
    let beginning = Request::post(&base(), "/r?a=1")
        .basic("id", &Secret::from("secret"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let form = || beginning.clone().form("b", "2").build(Step::Login).unwrap();
    assert!(Arc::ptr_eq(&form().head, &beginning.head));
    let sent = form().to_http();
    assert_eq!(sent.uri(), "https://example.com/x/r?a=1");
    assert_eq!(sent.headers().len(), 4);
    assert!(sent.headers()[AUTHORIZATION].is_sensitive());
    assert!(!sent.headers()[CONTENT_TYPE].is_sensitive());
    assert_eq!(form().scrubber().scrub("no secret", 99), "no [scrubbed]");

    let other = beginning
        .clone()
        .query("c", "3")
        .header(ACCEPT, "text/plain");
    let other = other.build(Step::Login).unwrap().to_http();
    assert_eq!(other.uri(), "https://example.com/x/r?a=1?c=3");
    assert_eq!(other.headers()[ACCEPT], "text/plain");
    assert_eq!(form().to_http().headers()[ACCEPT], "application/json");
    assert_eq!(form().to_http().uri(), sent.uri());
}
