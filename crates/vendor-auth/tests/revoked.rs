//! Tokens that are revoked on the server, for every endpoint, over sockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use token_sim::{Issued, LoginAnswer, QuectelEndUserServer, QuectelSaasServer};
use vendor_auth::cache::{Drained, Event};
use vendor_auth::enos_apim::EnosApim;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::quectel::{AccessKey, EndUser};
use vendor_auth::{ErrorKind, ReqwestClient, Secret, Token, TokenCache, TokenEndpoint};

const SECRET: &str = "s3cr3t-of-the-test";

fn cache(endpoint: impl TokenEndpoint) -> TokenCache {
    vendor_auth::builder(endpoint).unwrap().build().unwrap()
}

/// A cache whose initial token comes from this grant.
fn begun(endpoint: impl TokenEndpoint, grant: &Issued) -> TokenCache {
    let refresh = Secret::from(grant.refresh_token().unwrap());
    TokenCache::builder(endpoint)
        .http_client(ReqwestClient::new().unwrap())
        .initial_token(Token::from_refresh_token(refresh).unwrap())
        .build()
        .unwrap()
}

async fn first_token(tokens: &TokenCache) -> Token {
    (*tokens.token().await.unwrap()).clone()
}

/// Whether the token that follows a rejected one is a new one, or the error if there is none.
async fn after_refusal(tokens: &TokenCache, revoked: &Token) -> Result<bool, ErrorKind> {
    tokens.invalidate(revoked);
    let next = tokens.token().await.map_err(|error| error.kind())?;
    Ok(!next.access().same_as(revoked.access()))
}

// FAULTS.md row 64
#[tokio::test]
async fn where_there_is_a_login_a_revoked_token_is_followed_by_a_new_one() {
    let saas = QuectelSaasServer::builder()
        .access_key("key", SECRET)
        .start()
        .await
        .unwrap();
    let key = AccessKey::builder(saas.base_url())
        .access_key("key")
        .access_secret(SECRET);
    let quectel = cache(key.allow_plain_http().build().unwrap());
    let token = first_token(&quectel).await;
    saas.revoke_access_token();
    assert_eq!(after_refusal(&quectel, &token).await, Ok(true), "Quectel");

    let apim = token_sim::EnosServer::builder()
        .app("app", SECRET)
        .start()
        .await
        .unwrap();
    let app = EnosApim::builder(apim.base_url())
        .app_key("app")
        .app_secret(SECRET);
    let enos = cache(app.allow_plain_http().build().unwrap());
    let token = first_token(&enos).await;
    apim.revoke_access_token();
    assert_eq!(after_refusal(&enos, &token).await, Ok(true), "EnOS");
}

// FAULTS.md row 64
#[tokio::test]
async fn where_there_is_none_a_revoked_grant_is_rejected() {
    let domain = QuectelEndUserServer::builder()
        .user_domain("E.DM.1", SECRET)
        .start()
        .await
        .unwrap();
    let user = EndUser::builder(domain.base_url())
        .account("ada")
        .user_domain("E.DM.1", SECRET);
    let tokens = begun(user.allow_plain_http().build().unwrap(), &domain.grant());
    let token = first_token(&tokens).await;
    domain.revoke_access_token();
    domain.kill_grant();
    assert_eq!(
        after_refusal(&tokens, &token).await,
        Err(ErrorKind::Rejected),
        "Quectel"
    );

    let cloud = token_sim::PrivateCloudServer::builder()
        .client("app", SECRET)
        .start()
        .await
        .unwrap();
    let app = PrivateCloud::builder(cloud.base_url())
        .client_id("app")
        .client_secret(SECRET);
    let tokens = begun(
        app.account("ada").allow_plain_http().build().unwrap(),
        &cloud.grant(),
    );
    let token = first_token(&tokens).await;
    cloud.revoke_access_token();
    cloud.kill_grant();
    assert_eq!(
        after_refusal(&tokens, &token).await,
        Err(ErrorKind::Rejected),
        "private cloud"
    );

    let server = token_sim::OAuth2Server::builder()
        .client("app", SECRET)
        .start()
        .await
        .unwrap();
    let app = OAuth2::bamboocloud(server.base_url())
        .client_id("app")
        .client_secret(SECRET);
    let tokens = begun(
        app.account("ada").allow_plain_http().build().unwrap(),
        &server.grant(),
    );
    let token = first_token(&tokens).await;
    server.revoke_access_token();
    server.kill_grant();
    assert_eq!(
        after_refusal(&tokens, &token).await,
        Err(ErrorKind::Rejected),
        "OAuth2"
    );
}

// FAULTS.md row 64
#[tokio::test]
async fn a_vendor_that_repeats_its_living_token_stands_by_it() {
    let server = token_sim::OAuth2Server::builder().client("app", SECRET);
    let server = server
        .login_answer(LoginAnswer::LivingToken)
        .start()
        .await
        .unwrap();
    let app = OAuth2::bamboocloud(server.base_url())
        .client_id("app")
        .client_secret(SECRET);
    let tokens = cache(app.client_credentials().allow_plain_http().build().unwrap());
    let token = first_token(&tokens).await;
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
