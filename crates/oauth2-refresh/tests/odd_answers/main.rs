//! Odd answers: what is kept of them, what is reported, and what a refusal means.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

mod lifetimes;
mod refusals;
mod tokens;

use std::time::Duration;

use oauth2_refresh::{OAuth2, OAuth2Builder, UnknownTokenType};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Freshness, Outcome, Request, Secret, ServerOffset,
    Timestamp, Token, TokenEndpoint,
};
use token_testkit::attempt;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

const CALLBACK: &str = "https://app.example/callback";

fn builder() -> OAuth2Builder {
    OAuth2::builder("https://server.example.com")
        .client_id("app-1")
        .client_secret("client-secret")
        .account("alice")
}

fn oauth2() -> OAuth2 {
    builder().build().unwrap()
}

fn refresh(oauth2: &OAuth2) -> Request {
    let token = Token::from_refresh_token(Secret::from("R1-in-hand")).unwrap();
    oauth2.refresh(&token, &attempt(NOW, 1)).unwrap()
}

fn redemption(oauth2: &OAuth2) -> Request {
    let redemption = oauth2.redeem_code(&Secret::from("one-time-code"), CALLBACK, None);
    redemption.into_request(&attempt(NOW, 1)).unwrap()
}

fn read(
    oauth2: &OAuth2,
    request: &Request,
    response: &http::Response<Bytes>,
) -> Result<Outcome, Error> {
    oauth2.read(
        &Answer::new(request, response, NOW, ServerOffset::NONE),
        &Attempt::new(NOW, [0; 16]),
    )
}

fn response(status: u16, content_type: &str, body: &[u8]) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
        .headers_mut()
        .insert("content-type", content_type.parse().unwrap());
    response
}

fn json(status: u16, body: &str) -> http::Response<Bytes> {
    response(status, "application/json", body.as_bytes())
}

fn refreshed(body: &str) -> Result<Outcome, Error> {
    let oauth2 = oauth2();
    read(&oauth2, &refresh(&oauth2), &json(200, body))
}

fn issued(outcome: Result<Outcome, Error>) -> Token {
    match outcome {
        Ok(Outcome::Issued(token)) => token,
        other => panic!("{other:?}"),
    }
}

/// The refresh token that came alone, and the error that goes with it.
fn alone(outcome: Result<Outcome, Error>) -> (String, Error) {
    match outcome {
        Ok(Outcome::RefreshTokenOnly { refresh, error, .. }) => {
            (refresh.expose().to_owned(), error)
        }
        other => panic!("{other:?}"),
    }
}

fn refused(status: u16, body: &str) -> Error {
    let oauth2 = oauth2();
    let response = json(status, body);
    read(&oauth2, &refresh(&oauth2), &response).unwrap_err()
}

fn kind(status: u16, body: &str) -> ErrorKind {
    refused(status, body).kind()
}

const TRANSIENT: ErrorKind = ErrorKind::Transient { after: None };
