//! Revocation (RFC 7009), introspection (RFC 7662), and other facts about a token.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use oauth2_refresh::{OAuth2, OAuth2Builder, TokenKind};
use token_core::reexports::{Bytes, http};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Secret, ServerOffset, Step, Timestamp,
    Token, TokenEndpoint, Validity,
};
use token_testkit::attempt;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn builder() -> OAuth2Builder {
    OAuth2::builder("https://server.example.com")
        .client_id("app-1")
        .client_secret("client-secret")
        .account("alice")
        .revocation_path("/revoke")
        .introspection_path("/introspect")
}

fn oauth2() -> OAuth2 {
    builder().build().unwrap()
}

fn token(refresh: Option<&str>) -> Token {
    Token::builder(Secret::from("access-token-1"), Validity::expired())
        .refresh(refresh.map(Secret::from))
        .build()
        .unwrap()
}

fn sent(request: &Request) -> (String, String) {
    let request = request.to_http();
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    (request.uri().to_string(), body)
}

fn reading<T>(
    request: &Request,
    status: u16,
    body: &str,
    read: impl FnOnce(&Answer<'_>) -> T,
) -> T {
    let mut response = http::Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    read(&Answer::new(
        request,
        &response,
        NOW,
        ServerOffset::from_millis(60_000),
    ))
}

fn introspected(status: u16, body: &str) -> Result<oauth2_refresh::Introspection, Error> {
    let request = oauth2()
        .introspection(&token(Some("refresh-token-1")), TokenKind::Access)
        .unwrap();
    reading(&request, status, body, |answer| {
        oauth2().read_introspection(answer)
    })
}

fn refreshed(body: &str) -> Token {
    let request = oauth2()
        .refresh(&token(Some("refresh-token-1")), &attempt(NOW, 1))
        .unwrap();
    let outcome = reading(&request, 200, body, |answer| {
        oauth2().read(answer, &Attempt::new(answer.asked_at(), [0; 16]))
    })
    .unwrap();
    match outcome {
        Outcome::Issued(token) => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_logout_revokes_the_refresh_token_and_else_the_access_token() {
    let revoke = |token: &Token| oauth2().revoke(token, &attempt(NOW, 1)).unwrap().unwrap();
    let request = revoke(&token(Some("refresh-token-1")));
    assert_eq!(request.step(), Step::Revocation);
    let (url, body) = sent(&request);
    assert_eq!(url, "https://server.example.com/revoke");
    assert_eq!(body, "token=refresh-token-1&token_type_hint=refresh_token");
    let (_, body) = sent(&revoke(&token(None)));
    assert_eq!(body, "token=access-token-1&token_type_hint=access_token");
}

#[test]
fn without_a_path_nothing_is_revoked_or_introspected() {
    let bare = OAuth2::builder("https://server.example.com")
        .client_id("app-1")
        .account("alice")
        .build()
        .unwrap();
    assert!(bare.revoke(&token(None), &attempt(NOW, 1)).is_none());
    let error = bare
        .introspection(&token(None), TokenKind::Access)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn any_success_is_a_revocation_and_an_error_is_a_refusal() {
    let request = oauth2()
        .revoke(&token(None), &attempt(NOW, 1))
        .unwrap()
        .unwrap();
    let read = |status, body: &str| {
        reading(&request, status, body, |answer| {
            oauth2().read_revocation(answer)
        })
        .map_err(|error| error.kind())
    };
    assert_eq!(read(200, ""), Ok(()));
    assert_eq!(read(204, ""), Ok(()));
    assert_eq!(read(200, "not json"), Ok(()));
    assert_eq!(
        read(400, r#"{"error":"unsupported_token_type"}"#),
        Err(ErrorKind::Config)
    );
    assert_eq!(read(503, ""), Err(ErrorKind::Transient { after: None }));
}

// RFC 7662 section 2.2, the sample answer.
#[test]
fn a_live_token_is_described() {
    let said = introspected(
        200,
        r#"{"active": true, "client_id": "l238j323ds-23ij4", "username": "jdoe",
            "scope": "read write dolphin", "sub": "Z5O3upPC88QrAjx00dis",
            "aud": "https://protected.example.net/resource", "iss": "https://server.example.com/",
            "exp": 1419356238, "iat": 1419350238, "extension_field": "twenty-seven"}"#,
    )
    .unwrap();
    assert!(said.is_active());
    assert_eq!(said.scopes(), ["read", "write", "dolphin"]);
    assert_eq!(said.client_id(), Some("l238j323ds-23ij4"));
    assert_eq!(said.username(), Some("jdoe"));
    assert_eq!(said.subject(), Some("Z5O3upPC88QrAjx00dis"));
    assert_eq!(said.issuer(), Some("https://server.example.com/"));
    assert_eq!(said.audiences(), ["https://protected.example.net/resource"]);
    // The server's clock is a minute ahead.
    assert_eq!(
        said.expires_at(),
        Some(Timestamp::from_unix_seconds(1_419_356_178))
    );
    assert_eq!(
        said.issued_at(),
        Some(Timestamp::from_unix_seconds(1_419_350_178))
    );
}

#[test]
fn a_dead_token_is_an_answer_and_no_error() {
    assert!(
        !introspected(200, r#"{"active":false}"#)
            .unwrap()
            .is_active()
    );
    for silent in ["{}", r#"{"active":"yes"}"#, "[]"] {
        assert_eq!(
            introspected(200, silent).unwrap_err().kind(),
            ErrorKind::Protocol,
            "{silent}"
        );
    }
    let refused = |status, body| introspected(status, body).unwrap_err().kind();
    assert_eq!(
        refused(401, r#"{"error":"invalid_client"}"#),
        ErrorKind::Config
    );
    assert_eq!(refused(401, ""), ErrorKind::Config);
    assert_eq!(
        refused(400, r#"{"error":"invalid_token"}"#),
        ErrorKind::Rejected
    );
}

#[test]
fn the_refresh_token_can_be_asked_about_without_spending_it() {
    let request = oauth2()
        .introspection(&token(Some("refresh-token-1")), TokenKind::Refresh)
        .unwrap();
    let (url, body) = sent(&request);
    assert_eq!(url, "https://server.example.com/introspect");
    assert_eq!(body, "token=refresh-token-1&token_type_hint=refresh_token");
    let error = oauth2()
        .introspection(&token(None), TokenKind::Refresh)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn an_introspection_shows_nothing_of_the_person() {
    let said = introspected(200, r#"{"active":true,"username":"jdoe","sub":"Z5O3"}"#).unwrap();
    let shown = format!("{said:?}");
    assert!(
        !shown.contains("jdoe") && !shown.contains("Z5O3"),
        "{shown}"
    );
}

#[test]
fn an_answer_about_a_token_is_never_read_as_a_token() {
    let about = [
        oauth2()
            .introspection(&token(None), TokenKind::Access)
            .unwrap(),
        oauth2()
            .revoke(&token(None), &attempt(NOW, 1))
            .unwrap()
            .unwrap(),
    ];
    for request in about {
        let read = reading(&request, 200, r#"{"access_token":"A2"}"#, |answer| {
            oauth2().read(answer, &Attempt::new(answer.asked_at(), [0; 16]))
        });
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Protocol);
    }
}

#[test]
fn a_token_without_a_refresh_token_cannot_be_refreshed() {
    let error = oauth2()
        .refresh(&token(None), &attempt(NOW, 1))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[test]
fn the_end_of_the_refresh_token_is_known_where_the_server_says_it() {
    for name in [
        "refresh_token_expires_in",
        "refresh_expires_in",
        "x_refresh_token_expires_in",
    ] {
        let token = refreshed(&format!(
            r#"{{"access_token":"A2","expires_in":60,"{name}":1800}}"#
        ));
        let expected = Timestamp::from_unix_seconds(1_700_001_800);
        assert_eq!(token.refresh_expires_at(), Some(expected), "{name}");
    }
}

// Keycloak writes 0 for a refresh token that never dies.
#[test]
fn an_odd_lifetime_of_the_refresh_token_does_not_cost_the_token() {
    for odd in ["0", "-1", "\"never\"", "null"] {
        let token = refreshed(&format!(
            r#"{{"access_token":"A2","expires_in":60,"refresh_expires_in":{odd}}}"#
        ));
        assert_eq!(token.refresh_expires_at(), None, "{odd}");
    }
}

// FAULTS.md row 12
#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let next = refreshed(r#"{"access_token":"A2","expires_in":60}"#)
        .merged_with_previous(&token(Some("refresh-token-1")));
    assert_eq!(next.refresh().unwrap().expose(), "refresh-token-1");
}
