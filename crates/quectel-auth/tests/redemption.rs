//! Logins with a person's password, and the end of a session, as they go over the wire.
#![expect(
    clippy::unwrap_used,
    reason = "what cannot be built fails the test that asked for it"
)]

use quectel_auth::{EndUser, EndUserBuilder, Parameters, Region};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Attempt, Error, ErrorKind, OneTimeGrant, Secret, ServerOffset, Step, Timestamp, Token,
    TokenEndpoint, TokenPlacement, Validity,
};

/// The nonce whose text is `j1acpdj2bmtqZXVb`, the vendor's sample for the encryption of
/// `china1234`.
const PUBLISHED: [u8; 16] = [
    35, 53, 26, 28, 41, 29, 35, 54, 27, 38, 45, 42, 25, 23, 21, 27,
];

fn builder() -> EndUserBuilder {
    EndUser::builder(Region::Europe)
        .account("ada")
        .user_domain("E.DM.1", "secret-of-the-domain")
}

fn sent(redemption: OneTimeGrant) -> http::Request<Bytes> {
    let attempt = Attempt::new(Timestamp::from_unix_seconds(0), PUBLISHED);
    let request = redemption.into_request(&attempt).unwrap();
    assert_eq!(request.step(), Step::Redemption);
    request.to_http()
}

#[test]
fn an_email_login_is_signed_and_sent_as_documented() {
    let endpoint = builder().mcc(460).build().unwrap();
    let request = sent(endpoint.email_password("ada@example.com", "china1234"));
    assert_eq!(request.method(), http::Method::POST);
    let url = "https://iot-api.acceleronix.io/v2/enduser/enduserapi/emailPwdLogin\
        ?pwd=lkZMvj0KDSJXlp66jBieHA%3D%3D\
        &signature=f60f6f738b08a899f343b05285bf2f87a5bf1787ad994f101ccf945732172263\
        &email=ada%40example.com&random=j1acpdj2bmtqZXVb&userDomain=E.DM.1&mcc=460";
    assert_eq!(request.uri().to_string(), url);
    assert!(request.body().is_empty());
}

#[test]
fn a_phone_login_is_signed_over_the_international_code_too() {
    let endpoint = builder().parameters(Parameters::Form).build().unwrap();
    let request = sent(endpoint.phone_password(Some("86"), "17132136550", "china1234"));
    assert_eq!(request.uri().path(), "/v2/enduser/enduserapi/phonePwdLogin");
    assert_eq!(request.uri().query(), None);
    let body = "pwd=lkZMvj0KDSJXlp66jBieHA%3D%3D\
        &signature=4c32b176eff1e45413be490fec266cc02cef56e82f80e8f240ac30aa7566a0c0\
        &internationalCode=86&phone=17132136550&random=j1acpdj2bmtqZXVb&userDomain=E.DM.1";
    assert_eq!(std::str::from_utf8(request.body()).unwrap(), body);
}

#[test]
fn a_phone_login_without_an_international_code_leaves_it_out() {
    let request = sent(
        builder()
            .build()
            .unwrap()
            .phone_password(None, "17132136550", "china1234"),
    );
    let query = request.uri().query().unwrap();
    assert!(!query.contains("internationalCode"), "{query}");
    assert!(
        query
            .contains("signature=5b5584708836a683893a7fd1d859c91d21ca9ec53282a8878d0a78a853b5ee84"),
        "{query}"
    );
}

// FAULTS.md row 26
#[test]
fn an_echoed_password_is_scrubbed() {
    let attempt = Attempt::new(Timestamp::from_unix_seconds(0), PUBLISHED);
    let redemption = builder()
        .build()
        .unwrap()
        .email_password("ada@example.com", "china1234");
    let request = redemption.into_request(&attempt).unwrap();
    let echo = request.scrubber().scrub(
        "china1234 lkZMvj0KDSJXlp66jBieHA== secret-of-the-domain",
        256,
    );
    assert_eq!(echo, "[scrubbed] [scrubbed] [scrubbed]");
}

#[test]
fn a_login_without_a_user_domain_is_a_mistake_of_the_configuration() {
    let endpoint = EndUser::builder(Region::Europe)
        .account("ada")
        .build()
        .unwrap();
    let attempt = Attempt::new(Timestamp::from_unix_seconds(0), PUBLISHED);
    let built = endpoint
        .email_password("ada@example.com", "china1234")
        .into_request(&attempt);
    assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_token_without_a_refresh_token_cannot_be_refreshed() {
    let refused: Result<_, Error> = builder().build().unwrap().refresh(&token(None), &attempt());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Rejected);
}

#[test]
fn a_logout_carries_the_access_token() {
    let request = builder()
        .build()
        .unwrap()
        .revoke(&token(Some("Bearer R1")), &attempt())
        .unwrap()
        .unwrap();
    assert_eq!(request.step(), Step::Revocation);
    let request = request.to_http();
    assert_eq!(request.method(), http::Method::DELETE);
    assert_eq!(
        request.uri(),
        "https://iot-api.acceleronix.io/v2/enduser/enduserapi/userLogout"
    );
    assert_eq!(request.headers()["authorization"], "Bearer A1");
}

// FAULTS.md row 79
#[test]
fn an_unknown_refusal_of_a_password_is_not_retryable() {
    let endpoint = builder().build().unwrap();
    let redemption = endpoint.email_password("ada@example.com", "china1234");
    let request = redemption.into_request(&attempt()).unwrap();
    for (status, body) in [
        (200, r#"{"code": 99999, "msg": "?", "data": null}"#),
        (400, r#"{"code": 99999}"#),
        (400, "{}"),
        (418, "not JSON"),
        (200, "not JSON"),
        (200, r#"{"code": 200, "data": {}}"#),
    ] {
        let response = http::Response::builder()
            .status(status)
            .body(Bytes::from(body));
        let response = response.unwrap();
        let answer = Answer::new(
            &request,
            &response,
            Timestamp::from_unix_seconds(0),
            ServerOffset::NONE,
        );
        let error = endpoint
            .read(&answer, &Attempt::new(answer.asked_at(), [0; 16]))
            .unwrap_err();
        assert!(!error.is_retryable(), "{status} {body}: {error}");
    }
}

fn attempt() -> Attempt {
    Attempt::new(Timestamp::from_unix_seconds(0), PUBLISHED)
}

fn token(refresh: Option<&str>) -> Token {
    let validity = Validity::new(
        Timestamp::from_unix_seconds(0),
        Timestamp::from_unix_seconds(7200),
    );
    let token = Token::builder(Secret::from("Bearer A1"), validity)
        .placement(TokenPlacement::Verbatim)
        .refresh(refresh.map(Secret::from));
    token.build().unwrap()
}
