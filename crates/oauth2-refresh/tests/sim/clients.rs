//! Clients: authentication, logins, one-time codes, revocation.

use oauth2_refresh::{ClientAuthentication, Pkce, State};
use token_sim::{ClientAuth, CodeRequest};

use super::*;

const CALLBACK: &str = "https://app.example/callback";

#[tokio::test]
async fn each_client_authentication_works_and_a_wrong_secret_is_a_config_error() {
    let ways = [
        (ClientAuth::BasicRaw, ClientAuthentication::Basic),
        (ClientAuth::BasicEncoded, ClientAuthentication::BasicEncoded),
        (ClientAuth::Post, ClientAuthentication::Post),
    ];
    for (theirs, ours) in ways {
        let server = || {
            OAuth2Server::builder()
                .client("odd client", "s3cr3t+%&/ä é")
                .client_auth(theirs)
        };
        let setup = Setup::of(server(), |builder| builder.client_authentication(ours)).await;
        assert!(setup.refresh(&setup.token()).await.is_ok(), "{ours:?}");
        let wrong = |builder: OAuth2Builder| {
            builder
                .client_authentication(ours)
                .client_secret("a wrong one")
        };
        let setup = Setup::of(server(), wrong).await;
        let error = setup.refresh(&setup.token()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Config, Some("invalid_client"))
        );
    }
}

#[tokio::test]
async fn client_credentials_log_in_again_and_again() {
    let setup = Setup::of(OAuth2Server::builder(), OAuth2Builder::client_credentials).await;
    let (first, second) = (setup.login().await.unwrap(), setup.login().await.unwrap());
    assert!(first.refresh().is_none() && !first.same_secrets_as(&second));
    assert_eq!(setup.call(&second).await, 200);
    setup.sim.disable_account();
    assert_eq!(setup.login().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_a_config_error() {
    let setup = Setup::of(OAuth2Server::builder(), |builder| {
        builder.refresh_scopes(["admin"])
    })
    .await;
    let error = setup.refresh(&setup.token()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Config, Some("invalid_scope"))
    );
}

#[tokio::test]
async fn a_public_client_logs_a_user_in_with_pkce_and_refreshes() {
    let server = OAuth2Server::builder().client_auth(ClientAuth::Public);
    let setup = Setup::of(server, |builder| builder.client_secret("")).await;
    let (state, pkce) = (State::from_random([1; 32]), Pkce::from_random([2; 32]));
    let url = setup
        .endpoint
        .authorize_url(CALLBACK, &state)
        .pkce(&pkce)
        .build();
    let browser = http::Request::get(url).body(Bytes::new()).unwrap();
    let redirect = setup.http.send(browser, WITHIN).await.unwrap();
    let location = redirect.headers()["location"].to_str().unwrap();
    let code = setup.endpoint.read_redirect(location, &state).unwrap();

    let redeem = |pkce: &Pkce| {
        let redemption = setup.endpoint.redeem_code(&code, CALLBACK, Some(pkce));
        redemption.into_request(&attempt(setup.now(), 1)).unwrap()
    };
    let token = setup.exchange(&redeem(&pkce)).await.unwrap();
    assert_eq!(setup.call(&token).await, 200);
    assert!(setup.refresh(&token).await.is_ok());

    let burnt = setup.exchange(&redeem(&pkce)).await.unwrap_err();
    assert_eq!(burnt.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_code_is_not_redeemed_with_another_verifier() {
    let server = OAuth2Server::builder().client_auth(ClientAuth::Public);
    let setup = Setup::of(server, |builder| builder.client_secret("")).await;
    let challenge = Pkce::from_random([2; 32]).challenge();
    let bound = CodeRequest::new()
        .redirect_uri(CALLBACK)
        .code_challenge(&challenge);
    let code = Secret::from(setup.sim.authorization_code(bound));
    let other = Pkce::from_random([3; 32]);
    let redemption = setup.endpoint.redeem_code(&code, CALLBACK, Some(&other));
    let request = redemption.into_request(&attempt(setup.now(), 1)).unwrap();
    assert_eq!(
        setup.exchange(&request).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}

#[tokio::test]
async fn a_revoked_grant_is_dead_and_introspection_says_so() {
    let setup = Setup::bamboocloud().await;
    let token = setup.token();
    assert!(setup.is_active(&token, TokenKind::Access).await);
    assert!(setup.is_active(&token, TokenKind::Refresh).await);

    let request = setup
        .endpoint
        .revoke(&token, &attempt(setup.now(), 1))
        .unwrap()
        .unwrap();
    setup
        .send(&request, |answer| setup.endpoint.read_revocation(answer))
        .await
        .unwrap();

    assert!(!setup.is_active(&token, TokenKind::Refresh).await);
    assert_eq!(
        setup.refresh(&token).await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
}
