//! The faults that need more than one answer to show.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be built fails the test that asked for it"
)]

mod access_key;
mod end_user;

use quectel_auth::{AccessKey, EndUser, Region};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Secret, ServerOffset, Timestamp,
    Token, TokenEndpoint, Validity,
};

const CREATED: i64 = 1_618_472_962;

const DAY: i64 = 86_400;

const MINUTE: i64 = 60;
const BLANK_TOKENS: [&str; 7] = ["", " ", "\u{a0}", "\u{200b}", "Bearer ", "QJWT ", "\t"];

fn access_key() -> AccessKey {
    let builder = AccessKey::builder(Region::China)
        .access_key("AK-1")
        .access_secret("secret-of-ak-1");
    builder.build().unwrap()
}

fn end_user() -> EndUser {
    EndUser::builder(Region::China)
        .account("17")
        .build()
        .unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn attempt(seconds: i64) -> Attempt {
    Attempt::new(at(seconds), [7; 16])
}

fn token(access: &str, seconds: i64) -> Token {
    let validity = Validity::new(at(seconds), at(seconds + DAY));
    let token =
        Token::builder(Secret::from(access), validity).refresh(Secret::from("Bearer R1.b.c"));
    token.build().unwrap()
}

fn login(seconds: i64) -> Request {
    access_key().login(&attempt(seconds)).unwrap().unwrap()
}

fn refresh(endpoint: &impl TokenEndpoint, access: &str, seconds: i64) -> Request {
    endpoint
        .refresh(&token(access, seconds), &attempt(seconds))
        .unwrap()
}

fn read(
    endpoint: &impl TokenEndpoint,
    request: &Request,
    seconds: i64,
    body: &str,
) -> Result<Token, Error> {
    read_with(endpoint, request, seconds, ServerOffset::NONE, body)
}

fn read_with(
    endpoint: &impl TokenEndpoint,
    request: &Request,
    seconds: i64,
    offset: ServerOffset,
    body: &str,
) -> Result<Token, Error> {
    let response = http::Response::new(Bytes::from(body.to_owned()));
    match endpoint.read(
        &Answer::new(request, &response, at(seconds), offset),
        &Attempt::new(at(seconds), [0; 16]),
    )? {
        Outcome::Issued(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

// FAULTS.md row 34
#[test]
fn a_refresh_of_an_access_key_can_be_sent_again_and_that_of_an_end_user_cannot() {
    assert_eq!(access_key().rotation(), Rotation::Idempotent);
    assert_eq!(end_user().rotation(), Rotation::SingleUse);
    assert!(login(CREATED).to_http().uri() != login(CREATED + 1).to_http().uri());
}

// FAULTS.md row 73
#[test]
fn the_spelling_of_an_address_makes_no_other_grant() {
    let keys = |address: &str| {
        let access_key = AccessKey::builder(address)
            .access_key("AK-1")
            .access_secret("S");
        let end_user = EndUser::builder(address).account("ada");
        (
            access_key.build().unwrap().key(),
            end_user.build().unwrap().key(),
        )
    };
    for address in [
        "https://IOT-API.Example.com",
        "https://iot-api.example.com:443/",
        "https://iot-api.example.com.",
    ] {
        assert_eq!(
            keys(address),
            keys("https://iot-api.example.com"),
            "{address}"
        );
    }
}

// FAULTS.md scenario 18
#[test]
fn another_host_or_path_has_another_key() {
    let keys = |base: &str| {
        let access_key = AccessKey::builder(base)
            .access_key("AK-1")
            .access_secret("S");
        let end_user = EndUser::builder(base).account("17");
        [
            access_key.build().unwrap().key(),
            end_user.build().unwrap().key(),
        ]
    };
    let here = keys("https://iot.example.com");
    for base in [
        "https://iot.example.com/tenant",
        "https://iot.example.com:8443",
        "https://eu.example.com",
    ] {
        let there = keys(base);
        assert!(here.iter().all(|key| !there.contains(key)), "{base}");
    }
}
