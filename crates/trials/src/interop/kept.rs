//! Servers that keep refresh tokens.

use anyhow::{Context as _, Result, ensure};
use vendor_auth::types::Secret;
use vendor_auth::{Token, TokenCache};

use super::caches::{WEB, cache_from};
use super::provider::Provider;
use super::questions::next_works;
use super::waiting::{must_be_active, next_token};

/// The refresh token is kept through exchanges of our own and of another client, and none of them
/// counts as reuse.
pub(super) async fn check(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(WEB)?;
    let kept = provider.mint(WEB).await?;
    let ours = cache_from(endpoint.clone(), &kept)?;
    goes_on(&ours).await?;
    let token = has_kept(&ours, &kept).await?;
    must_be_active(&ours, &endpoint, &token).await?;

    let theirs = cache_from(endpoint, &kept)?;
    theirs.token().await?;
    next_works(&ours).await?;
    has_kept(&ours, &kept).await?;
    has_kept(&theirs, &kept).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", 5)])?;
    stats.revoked_grants(0)?;
    Ok("one refresh token through 5 exchanges of two caches".to_owned())
}

/// Checks a first token, and two refreshes that no caller asks for.
async fn goes_on(tokens: &TokenCache) -> Result<()> {
    tokens.token().await?;
    let mut events = tokens.events();
    let keep_fresh = tokens.keep_fresh();
    next_token(&mut events).await?;
    next_token(&mut events).await?;
    keep_fresh.stop();
    Ok(())
}

async fn has_kept(tokens: &TokenCache, kept: &Secret) -> Result<Token> {
    let token = (*tokens.token().await?).clone();
    let refresh = token.refresh().context("the refresh token was dropped")?;
    ensure!(
        refresh.expose() == kept.expose(),
        "another refresh token came"
    );
    Ok(token)
}
