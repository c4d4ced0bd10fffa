//! Tokens that are revoked on the server, for every endpoint, over sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use token_sim::{
    EnosServer, Issued, LoginAnswer, OAuth2Server, PrivateCloudServer, QuectelEndUserServer,
    QuectelSaasServer,
};
use vendor_auth::cache::{Drained, Event};
use vendor_auth::enos_apim::EnosApim;
use vendor_auth::oauth2::{OAuth2, OAuth2Builder};
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::quectel::{AccessKey, EndUser};
use vendor_auth::{ErrorKind, ReqwestClient, Secret, Token, TokenCache, TokenEndpoint};

const SECRET: &str = "s3cr3t-of-the-test";

fn cache(endpoint: impl TokenEndpoint) -> TokenCache {
    vendor_auth::builder(endpoint).unwrap().build().unwrap()
}

/// A cache whose initial token comes from this grant.
fn with_grant(endpoint: impl TokenEndpoint, grant: &Issued) -> TokenCache {
    let refresh = Secret::from(grant.refresh_token().unwrap());
    TokenCache::builder(endpoint)
        .http_client(ReqwestClient::new().unwrap())
        .initial_token(Token::from_refresh_token(refresh).unwrap())
        .build()
        .unwrap()
}

/// Gets a token, revokes it on the server, and returns whether the next token is another.
async fn after_revocation(tokens: &TokenCache, revoke: impl FnOnce()) -> Result<bool, ErrorKind> {
    let token = tokens.token().await.unwrap();
    revoke();
    after_refusal(tokens, &token).await
}

/// Returns whether the token that follows a refused one is another.
async fn after_refusal(tokens: &TokenCache, refused: &Token) -> Result<bool, ErrorKind> {
    tokens.invalidate(refused);
    let next = tokens.token().await.map_err(|error| error.kind())?;
    Ok(!next.access().same_as(refused.access()))
}

// FAULTS.md row 64
#[tokio::test]
async fn where_there_is_a_login_a_revoked_token_is_followed_by_a_new_one() {
    let quectel = QuectelSaasServer::builder().access_key("key", SECRET);
    let quectel = quectel.start().await.unwrap();
    let endpoint = AccessKey::builder(quectel.base_url())
        .access_key("key")
        .access_secret(SECRET);
    let tokens = cache(endpoint.allow_plain_http().build().unwrap());
    let outcome = after_revocation(&tokens, || quectel.revoke_access_token()).await;
    assert_eq!(outcome, Ok(true), "Quectel");

    let enos = EnosServer::builder()
        .app("app", SECRET)
        .start()
        .await
        .unwrap();
    let endpoint = EnosApim::builder(enos.base_url())
        .app_key("app")
        .app_secret(SECRET);
    let tokens = cache(endpoint.allow_plain_http().build().unwrap());
    let outcome = after_revocation(&tokens, || enos.revoke_access_token()).await;
    assert_eq!(outcome, Ok(true), "EnOS");
}

// FAULTS.md row 64
#[tokio::test]
async fn where_there_is_none_a_revoked_grant_is_rejected() {
    let quectel = QuectelEndUserServer::builder().user_domain("E.DM.1", SECRET);
    let quectel = quectel.start().await.unwrap();
    let endpoint = EndUser::builder(quectel.base_url())
        .account("ada")
        .user_domain("E.DM.1", SECRET);
    let endpoint = endpoint.allow_plain_http().build().unwrap();
    let tokens = with_grant(endpoint, &quectel.grant());
    let revoke = || {
        quectel.revoke_access_token();
        quectel.revoke_grant();
    };
    let outcome = after_revocation(&tokens, revoke).await;
    assert_eq!(outcome, Err(ErrorKind::Rejected), "Quectel");

    let cloud = PrivateCloudServer::builder().client("app", SECRET);
    let cloud = cloud.start().await.unwrap();
    let endpoint = PrivateCloud::builder(cloud.base_url())
        .client_id("app")
        .client_secret(SECRET);
    let endpoint = endpoint.account("ada").allow_plain_http().build().unwrap();
    let tokens = with_grant(endpoint, &cloud.grant());
    let revoke = || {
        cloud.revoke_access_token();
        cloud.revoke_grant();
    };
    let outcome = after_revocation(&tokens, revoke).await;
    assert_eq!(outcome, Err(ErrorKind::Rejected), "private cloud");

    let oauth2 = OAuth2Server::builder().client("app", SECRET);
    let oauth2 = oauth2.start().await.unwrap();
    let endpoint = bamboocloud(&oauth2).account("ada").build().unwrap();
    let tokens = with_grant(endpoint, &oauth2.grant());
    let revoke = || {
        oauth2.revoke_access_token();
        oauth2.revoke_grant();
    };
    let outcome = after_revocation(&tokens, revoke).await;
    assert_eq!(outcome, Err(ErrorKind::Rejected), "OAuth2");
}

fn bamboocloud(server: &OAuth2Server) -> OAuth2Builder {
    OAuth2::bamboocloud(server.base_url())
        .client_id("app")
        .client_secret(SECRET)
        .allow_plain_http()
}

// FAULTS.md row 64
#[tokio::test]
async fn a_vendor_that_repeats_its_live_token_is_believed() {
    let server = OAuth2Server::builder().client("app", SECRET);
    let server = server.login_answer(LoginAnswer::CurrentToken);
    let server = server.start().await.unwrap();
    let tokens = cache(bamboocloud(&server).client_credentials().build().unwrap());
    let token = tokens.token().await.unwrap();
    // The token is handed out before the store has acknowledged it, which is an event too.
    assert_eq!(
        tokens.drain(Duration::from_secs(60)).await,
        Drained::Settled
    );
    let mut events = tokens.events();
    assert_eq!(
        after_refusal(&tokens, &token).await,
        Ok(false),
        "the same token is handed out again"
    );
    let told = events.next().await.unwrap();
    assert!(matches!(told, Event::RefusedAgain { .. }), "{told:?}");
    let asked = server.exchange_count();
    assert_eq!(after_refusal(&tokens, &token).await, Ok(false));
    assert_eq!(
        server.exchange_count(),
        asked,
        "no exchange is made before the pause ends"
    );
}
