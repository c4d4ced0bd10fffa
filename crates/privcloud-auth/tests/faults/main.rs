//! Faults of a private cloud and of the network.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod answers;
mod refusals;

use std::time::Duration;

use privcloud_auth::{Dialect, PrivateCloud};
use token_core::reexports::Bytes;
use token_core::reexports::http::Response;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Secret, ServerOffset, Timestamp,
    Token, TokenEndpoint, Validity,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn attempt() -> Attempt {
    Attempt::new(NOW, [0; 16])
}

fn cloud() -> PrivateCloud {
    spoken_as(Dialect::default())
}

fn spoken_as(dialect: Dialect) -> PrivateCloud {
    PrivateCloud::builder("https://disk.example.com")
        .client_id("dev-7")
        .client_secret("client-tell-no-one")
        .account("alice")
        .dialect(dialect)
        .build()
        .unwrap()
}

fn token() -> Token {
    let living = Validity::new(NOW, NOW.after(Duration::from_secs(60)));
    Token::builder("access-tell-no-one".into(), living)
        .refresh(Secret::from("refresh-tell-no-one"))
        .build()
        .unwrap()
}

fn refresh() -> Request {
    cloud().refresh(&token(), &attempt()).unwrap()
}

fn read(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Outcome, Error> {
    read_by(&cloud(), status, headers, body)
}

fn read_by(
    cloud: &PrivateCloud,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Outcome, Error> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(Bytes::from(body.to_owned())).unwrap();
    cloud.read(
        &Answer::new(&refresh(), &response, NOW, ServerOffset::NONE),
        &Attempt::new(NOW, [0; 16]),
    )
}

fn kind(status: u16, body: &str) -> ErrorKind {
    read(status, &[], body).unwrap_err().kind()
}

fn issued(body: &str) -> Token {
    match read(200, &[], body) {
        Ok(Outcome::Issued(token)) => token,
        other => panic!("{other:?}"),
    }
}

const TRANSIENT: ErrorKind = ErrorKind::Transient { after: None };

#[test]
fn a_code_is_redeemed_once_and_is_no_login() {
    assert!(cloud().login(&attempt()).is_none());
    let redemption = cloud().redeem_code("code-tell-no-one".into(), "https://app.example.com/back");
    let request = redemption.into_request(&attempt()).unwrap();
    assert!(!format!("{request:?}").contains("tell-no-one"));
    let sent = request.to_http();
    assert_eq!(sent.method(), "POST");
    assert_eq!(
        sent.uri(),
        "https://disk.example.com/api/token.do?grant_type=authorization_code&code=code-tell-no-one\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback"
    );
    assert_eq!(
        sent.headers()["authorization"],
        "Basic ZGV2LTc6Y2xpZW50LXRlbGwtbm8tb25l"
    );
    assert!(sent.body().is_empty());
    let burnt = cloud().redeem_code("".into(), "https://app.example.com/back");
    assert_eq!(
        burnt.into_request(&attempt()).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[test]
fn a_token_without_a_refresh_token_cannot_be_refreshed() {
    let token = Token::builder("A".into(), Validity::expired())
        .build()
        .unwrap();
    assert_eq!(
        cloud().refresh(&token, &attempt()).unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[test]
fn an_undocumented_rotation_is_taken_for_the_strictest() {
    assert_eq!(cloud().rotation(), Rotation::SingleUse);
}

// FAULTS.md row 73
#[test]
fn the_spelling_of_an_address_makes_no_other_grant() {
    let key = |address: &str| {
        PrivateCloud::builder(address)
            .client_id("dev-7")
            .client_secret("S")
            .account("alice")
            .build()
            .unwrap()
            .key()
    };
    for address in [
        "https://DISK.Example.com",
        "https://disk.example.com:443/",
        "https://disk.example.com.",
    ] {
        assert_eq!(key(address), key("https://disk.example.com"), "{address}");
    }
}
