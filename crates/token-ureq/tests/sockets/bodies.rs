//! Bodies of requests: kept and sent again, or streamed.

use std::io::{self, Cursor, Read};

use http::Response;
use token_core::{ErrorKind, TokenPlacement};
use token_testkit::ApiRefusal;
use ureq::typestate::WithBody;
use ureq::{Body, Error, RequestBuilder, SendBody};

use crate::api::Vendor;

const LONG: usize = 1024 * 1024 + 1;

type Sent = Result<Response<Body>, Error>;
type Send<'a> = Box<dyn FnOnce(RequestBuilder<WithBody>) -> Sent + 'a>;

/// Sends a request whose first token is refused.
fn refused_once(send: impl FnOnce(RequestBuilder<WithBody>) -> Sent) -> (Vendor, Sent) {
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let agent = vendor.agent();
    agent.get(vendor.url()).call().unwrap();
    vendor.vendor.revoke();
    let sent = send(agent.post(vendor.url()));
    (vendor, sent)
}

#[test]
fn a_short_body_is_sent_again_whatever_it_is_made_of() {
    let (mut shared, owned) = (Cursor::new("read"), Cursor::new("read"));
    let longest = "x".repeat(LONG - 1);
    let cases: [(&str, Send<'_>); 6] = [
        ("of bytes", Box::new(|post| post.send("of bytes"))),
        ("", Box::new(RequestBuilder::send_empty)),
        (
            "a=of+form",
            Box::new(|post| post.send_form([("a", "of form")])),
        ),
        (
            "read",
            Box::new(|post| post.send(SendBody::from_reader(&mut shared))),
        ),
        (
            "read",
            Box::new(|post| post.send(SendBody::from_owned_reader(owned))),
        ),
        (&longest, Box::new(|post| post.send(&longest))),
    ];
    for (expected, send) in cases {
        let (vendor, sent) = refused_once(send);
        sent.unwrap();
        let received = vendor.api.received();
        assert_eq!(received.len(), 3);
        for request in &received[1..] {
            assert_eq!(request.body(), expected);
            let length = expected.len().to_string();
            assert_eq!(request.headers()["content-length"], length.as_str());
        }
        let tokens = [&received[1], &received[2]].map(|it| it.headers()["authorization"].clone());
        assert_ne!(tokens[0], tokens[1]);
    }
}

#[test]
fn a_long_body_that_is_refused_is_an_error_that_says_so_and_the_next_request_has_a_new_token() {
    let (vendor, sent) = refused_once(|post| post.send("x".repeat(LONG)));
    let error = sent.unwrap_err();
    let error = token_ureq::token_error(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::Transient { after: None });
    assert!(error.to_string().contains("is a stream"), "{error}");
    assert_eq!(vendor.api.received()[1].body().len(), LONG);
    assert_eq!(vendor.api.received().len(), 2);
}

#[test]
fn a_long_body_that_is_accepted_arrives_whole_with_the_length_that_the_program_stated() {
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let body: Vec<u8> = (0..3 * LONG)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    let post = || vendor.agent().post(vendor.url());
    post().send(&body).unwrap();
    let length = body.len().to_string();
    post()
        .header("content-length", &length)
        .send(&body)
        .unwrap();
    let received = vendor.api.received();
    assert!(received.iter().all(|request| request.body() == &body[..]));
    assert_eq!(received[0].headers()["transfer-encoding"], "chunked");
    assert_eq!(received[1].headers()["content-length"], length.as_str());
}

#[test]
fn a_request_without_a_body_states_no_length() {
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let agent = vendor.agent();
    agent.get(vendor.url()).call().unwrap();
    agent.delete(vendor.url()).call().unwrap();
    for request in vendor.api.received() {
        assert!(!request.headers().contains_key("content-length"));
        assert!(!request.headers().contains_key("transfer-encoding"));
    }
}

#[test]
fn a_token_in_the_form_is_replaced_for_the_second_send() {
    let vendor = Vendor::with(ApiRefusal::Status, TokenPlacement::Form("t".into()));
    let agent = vendor.agent();
    agent.post(vendor.url()).send_form([("a", "1")]).unwrap();
    vendor.vendor.revoke();
    agent.post(vendor.url()).send_form([("a", "1")]).unwrap();
    let received = vendor.api.received();
    assert_eq!(received[0].body(), "a=1&t=s3cr3t-token-1");
    assert_eq!(received[2].body(), "a=1&t=s3cr3t-token-2");
}

#[test]
fn a_body_that_cannot_be_read_is_the_programs_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let body = SendBody::from_owned_reader(Broken);
    let error = vendor.agent().post(vendor.url()).send(body).unwrap_err();
    assert!(matches!(error, Error::Io(_)), "{error}");
    assert_eq!(vendor.api.received().len(), 0);
}
