//! Errors by which a refresh token is refused.

use token_sim::{InvalidGrant, Outcome};

use super::*;

/// Returns the answer of such a server to a revoked token, and the code in its journal.
async fn refused(builder: OAuth2ServerBuilder) -> (Response, String) {
    let sim = builder.start().await.unwrap();
    let token = sim.grant().refresh_token().unwrap().to_owned();
    sim.revoke_grant();
    let response = refresh(&sim, &token).await;
    let quoted = response.raw().replace(&token, "{token}");
    let code = match sim.exchange(1).await.outcome {
        Outcome::Refused { code } => code,
        other => format!("{other:?}"),
    };
    (
        Response {
            body: quoted.into_bytes(),
            ..response
        },
        code,
    )
}

// FAULTS.md row 77
#[tokio::test]
async fn an_invalid_grant_has_other_errors() {
    for (words, status, pointer, said) in [
        (
            InvalidGrant::NestedInvalidated,
            401,
            "/error/code",
            "refresh_token_invalidated",
        ),
        (
            InvalidGrant::NestedExpired,
            401,
            "/error/code",
            "refresh_token_expired",
        ),
        (
            InvalidGrant::NestedReused,
            401,
            "/error/code",
            "refresh_token_reused",
        ),
        (
            InvalidGrant::ErrorsList,
            400,
            "/errors/0/errorType",
            "invalid_grant",
        ),
        (InvalidGrant::UpperCase, 400, "/error", "INVALID_GRANT"),
        (
            InvalidGrant::Expired,
            400,
            "/error",
            "refresh_token_expired",
        ),
        (InvalidGrant::Reused, 400, "/error", "refresh_token_reused"),
        (
            InvalidGrant::SessionNotFound,
            400,
            "/error",
            "invalid_request",
        ),
        (InvalidGrant::SpringMessage, 401, "/error", "Unauthorized"),
    ] {
        let (response, code) = refused(OAuth2Server::builder().invalid_grant(words)).await;
        assert_eq!(
            (response.status, response.text(pointer).as_str()),
            (status, said)
        );
        assert_eq!(code, said);
    }
}

// FAULTS.md rows 26 and 77
#[tokio::test]
async fn the_errors_that_quote_the_token_quote_it() {
    let (response, _) =
        refused(OAuth2Server::builder().invalid_grant(InvalidGrant::ErrorsList)).await;
    assert_eq!(
        response.text("/errors/0/message"),
        "Refresh token invalid: {token}."
    );
    let (response, _) =
        refused(OAuth2Server::builder().invalid_grant(InvalidGrant::SpringMessage)).await;
    assert_eq!(
        response.text("/message"),
        "Invalid refresh token (expired): {token}"
    );
    let (response, _) =
        refused(OAuth2Server::builder().invalid_grant(InvalidGrant::SessionNotFound)).await;
    assert_eq!(response.text("/error_description"), "Session not found");
}

// FAULTS.md row 77
#[tokio::test]
async fn an_invalid_grant_error_may_be_a_form_or_gbk() {
    let (response, code) = refused(OAuth2Server::builder().invalid_grant(InvalidGrant::Form)).await;
    assert_eq!((response.status, code.as_str()), (400, "invalid_grant"));
    assert!(
        response
            .raw()
            .starts_with("error=invalid_grant&error_description=The+refresh")
    );
    assert_eq!(
        response.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let sim = OAuth2Server::builder()
        .invalid_grant(InvalidGrant::Gbk)
        .start()
        .await
        .unwrap();
    let response = refresh(&sim, "unknown").await;
    assert_eq!(
        response.header("content-type"),
        Some("application/json;charset=GBK")
    );
    let before = b"{\"error\":\"invalid_grant\",\"error_description\":\"";
    assert!(response.body.starts_with(before) && response.body.ends_with(b"\"}"));
    assert!(std::str::from_utf8(&response.body).is_err());
}

// FAULTS.md row 77
#[tokio::test]
async fn every_refusal_of_a_refresh_token_has_that_error() {
    for words in InvalidGrant::ALL {
        let sim = OAuth2Server::builder()
            .invalid_grant(words)
            .start()
            .await
            .unwrap();
        let token = sim.grant().refresh_token().unwrap().to_owned();
        refresh(&sim, &token).await.assert_status(200);
        let spent = refresh(&sim, &token).await;
        let unknown = refresh(&sim, "unknown").await;
        sim.disable_account();
        let disabled = refresh(&sim, "unknown").await;
        assert!(
            [spent.status, unknown.status, disabled.status]
                .iter()
                .all(|status| (400..402).contains(status))
        );
        assert!(sim.saw_reuse(), "{words:?}");
    }
}

// FAULTS.md row 21
#[tokio::test]
async fn a_server_may_refuse_with_200() {
    let (response, code) = refused(OAuth2Server::builder().refusal_status(200)).await;
    response.assert_error(200, "invalid_grant");
    assert_eq!(code, "invalid_grant");
    for words in InvalidGrant::ALL {
        let (response, _) = refused(
            OAuth2Server::builder()
                .invalid_grant(words)
                .refusal_status(200),
        )
        .await;
        assert_eq!(response.status, 200, "{words:?}");
    }
    let sim = OAuth2Server::builder()
        .refusal_status(200)
        .start()
        .await
        .unwrap();
    let unknown = Request::new("POST", "/api/v1/oauth2/token").basic("nobody", "wrong");
    let response = unknown
        .form(&[("grant_type", "client_credentials")])
        .answer(sim.addr())
        .await;
    response.assert_error(200, "invalid_client");
    let resource = Request::new("GET", "/resource")
        .auth("Bearer gone")
        .answer(sim.addr())
        .await;
    resource.assert_status(401);
}
