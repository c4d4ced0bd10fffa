//! Refusals: revoked grants and wrong settings.

use anyhow::{Context as _, Result, ensure};
use vendor_auth::cache::{Event, Events};
use vendor_auth::oauth2::Pkce;
use vendor_auth::{ErrorKind, TokenCache};

use super::caches::{WEB, cache_from};
use super::provider::{Client, Provider};
use super::questions::next_works;
use super::waiting::{
    at_the_end_of_its_life, history, is_active, must_be_active, next_verdict, refused, told,
};

/// Tests an old copy of a refresh token that another client uses.
pub(super) async fn reused(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(WEB)?;
    let old = provider.mint(WEB).await?;
    let ours = cache_from(endpoint.clone(), &old)?;
    let token = (*ours.token().await?).clone();
    must_be_active(&ours, &endpoint, &token).await?;

    let theirs = cache_from(endpoint.clone(), &old)?;
    let said = refused(theirs.token().await, ErrorKind::Rejected, "invalid_grant")?;
    provider.stats().await?.revoked_grants(1)?;
    let lives = is_active(&ours, &endpoint, &token).await?;
    ensure!(!lives, "the family of a reused token lives on");

    dies_with_one_verdict(ours).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("refresh_token", "success", 1),
        ("refresh_token", "invalid_grant", 2),
    ])?;
    Ok(said)
}

/// Tests an old copy of a refresh token that another client uses, at a server that does not treat
/// this as theft.
pub(super) async fn reuse_refused(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(WEB)?;
    let old = provider.mint(WEB).await?;
    let ours = cache_from(endpoint.clone(), &old)?;
    ours.token().await?;

    let theirs = cache_from(endpoint, &old)?;
    let said = refused(theirs.token().await, ErrorKind::Rejected, "invalid_grant")?;
    next_works(&ours).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("refresh_token", "success", 2),
        ("refresh_token", "invalid_grant", 1),
    ])?;
    stats.revoked_grants(0)?;
    Ok(format!("{said}; the holder of the newest goes on"))
}

/// Tests that the account revokes its consent.
pub(super) async fn revoked(provider: &Provider) -> Result<String> {
    let tokens = provider.granted(WEB).await?;
    let token = (*tokens.token().await?).clone();
    provider
        .revoke_grant(token.refresh().context("no refresh token came")?)
        .await?;
    let said = dies_with_one_verdict(tokens).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("refresh_token", "success", 1),
        ("refresh_token", "invalid_grant", 1),
    ])?;
    Ok(said)
}

/// Checks for one event, the live token until it expires, then the same error for every caller,
/// without further requests.
async fn dies_with_one_verdict(tokens: TokenCache) -> Result<String> {
    let mut events = tokens.events();
    tokens.keep_fresh();
    let verdict = next_verdict(&mut events).await?;
    told(&verdict, ErrorKind::Rejected, Some("invalid_grant"))?;
    let error = at_the_end_of_its_life(&tokens).await?;
    drop(tokens);
    no_second_verdict(events).await?;
    told(&error, ErrorKind::Rejected, Some("invalid_grant"))
}

async fn no_second_verdict(events: Events) -> Result<()> {
    let further = history(events).await;
    let repeated = further
        .iter()
        .any(|event| matches!(event, Event::Rejected { .. } | Event::Failed { .. }));
    ensure!(!repeated, "the verdict was reported more than once");
    Ok(())
}

/// Tests a wrong and a missing secret in the settings; once corrected, the same refresh token
/// works.
pub(super) async fn wrong_secret(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let web = || provider.client(WEB).map(|client| provider.describe(client));
    let wrong = web()?.client_secret("not-the-secret").build()?;
    let left_out = provider.describe(&Client::without_secret(WEB)).build()?;
    let refresh_token = provider.mint(WEB).await?;
    let mut said = String::new();
    for endpoint in [wrong, left_out] {
        let tokens = cache_from(endpoint, &refresh_token)?;
        said = refused(tokens.token().await, ErrorKind::Config, "invalid_client")?;
    }

    let corrected = cache_from(provider.endpoint(WEB)?, &refresh_token)?;
    corrected.token().await.context("after the correction")?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("refresh_token", "invalid_client", 2),
        ("refresh_token", "success", 1),
    ])?;
    Ok(said)
}

/// Tests a refresh with a scope that was never granted; without it, the same refresh token works.
pub(super) async fn wider(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let web = || provider.client(WEB).map(|client| provider.describe(client));
    let refresh_token = provider.mint(WEB).await?;
    let greedy = cache_from(
        web()?.refresh_scopes(["api", "admin"]).build()?,
        &refresh_token,
    )?;
    let said = refused(greedy.token().await, ErrorKind::Config, "invalid_scope")?;

    let modest = cache_from(
        web()?.refresh_scopes(["openid", "api"]).build()?,
        &refresh_token,
    )?;
    let token = modest.token().await.context("with fewer scopes")?;
    ensure!(
        token.scopes() == ["openid", "api"],
        "asked for fewer scopes, got {:?}",
        token.scopes()
    );
    Ok(said)
}

/// Tests what the error advises: a new login, into the same cache.
pub(super) async fn new_login(provider: &Provider) -> Result<String> {
    let endpoint = provider.endpoint(WEB)?;
    let tokens = provider.granted(WEB).await?;
    let dead = (*tokens.token().await?).clone();
    provider
        .revoke_grant(dead.refresh().context("no refresh token came")?)
        .await?;
    let error = at_the_end_of_its_life(&tokens).await?;
    told(&error, ErrorKind::Rejected, Some("invalid_grant"))?;

    let pkce = Pkce::from_random([17; 32]);
    let code = provider.code(WEB, &pkce.challenge()).await?;
    let redemption = endpoint.redeem_code(&code.secret(), code.redirect_uri.as_str(), Some(&pkce));
    let token = (*tokens.redeem(redemption).await?).clone();
    must_be_active(&tokens, &endpoint, &token).await?;
    ensure!(
        token.generation() > dead.generation(),
        "the new token is taken for an older one"
    );
    Ok("a code redeemed into the same cache, and it goes on".to_owned())
}
