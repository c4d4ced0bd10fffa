//! Requests other than for tokens: introspection (RFC 7662) and revocation (RFC 7009).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use vendor_auth::ErrorKind;
use vendor_auth::cache::LoggedOut;
use vendor_auth::oauth2::{Introspection, TokenKind};
use vendor_auth::{Token, TokenCache};

use super::caches::{WEB, cache_over};
use super::provider::Provider;
use super::waiting::{at_the_end_of_its_life, is_active, must_be_active, told};

/// The server writes whole seconds.
const A_SECOND: Duration = Duration::from_secs(1);

/// Tests that the server reports the same about a token as we hold, and that introspection does not
/// spend a refresh token.
pub(super) async fn introspected(provider: &Provider) -> Result<String> {
    let endpoint = provider.endpoint(WEB)?;
    let tokens = provider.granted(WEB).await?;
    let token = (*tokens.token().await?).clone();
    let ask = async |kind| {
        let asked = tokens.send_request(
            |_| endpoint.introspection(&token, kind),
            |answer| endpoint.read_introspection(answer),
        );
        asked.await
    };
    let access = ask(TokenKind::Access).await?;
    let seconds_off = agrees(&access, &token)?;
    let refresh = ask(TokenKind::Refresh).await?;
    ensure!(refresh.is_active(), "the refresh token is not active");
    next_works(&tokens).await?;
    let spent = ask(TokenKind::Refresh).await?;
    ensure!(
        !spent.is_active(),
        "a spent refresh token is reported as active"
    );
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", 2)])?;
    Ok(format!("expiry within {seconds_off:.1} s of ours"))
}

fn agrees(said: &Introspection, token: &Token) -> Result<f64> {
    ensure!(said.is_active(), "the access token is not active");
    ensure!(
        said.client_id() == Some(WEB),
        "it belongs to {:?}",
        said.client_id()
    );
    ensure!(said.subject().is_some(), "it has no subject");
    ensure!(
        said.scopes() == token.scopes(),
        "scopes: the server says {:?}, we hold {:?}",
        said.scopes(),
        token.scopes()
    );
    let (theirs, ours) = (
        said.expires_at().context("no expiry")?,
        token.validity().expires_at(),
    );
    let apart = theirs.since(ours).max(ours.since(theirs));
    ensure!(
        apart <= A_SECOND,
        "the expiry is {} ms off",
        apart.as_millis()
    );
    Ok(apart.as_secs_f64())
}

/// Checks that a token that an API refused is followed by the next generation.
pub(super) async fn next_works(tokens: &TokenCache) -> Result<()> {
    let before = (*tokens.token().await?).clone();
    tokens.invalidate(&before);
    let after = tokens.token().await?.generation();
    ensure!(
        after == before.generation().next(),
        "generation {after} came next"
    );
    Ok(())
}

/// Tests that the server ends the grant with its access token, and the cache knows it without a
/// request.
pub(super) async fn logged_out(provider: &Provider) -> Result<String> {
    let endpoint = provider.endpoint(WEB)?;
    let tokens = provider.granted(WEB).await?;
    let token = (*tokens.token().await?).clone();
    must_be_active(&tokens, &endpoint, &token).await?;

    is_revoked(&tokens.logout().await?)?;
    let lives = is_active(&tokens, &endpoint, &token).await?;
    ensure!(!lives, "the access token outlived its grant");
    let error = tokens
        .token()
        .await
        .err()
        .context("a token came after all")?;
    let said = told(&error, ErrorKind::Rejected, None)?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", 1)])?;
    stats.revoked_grants(1)?;
    Ok(said)
}

/// Tests the logout of a process that has made no exchange, and was given a refresh token that is
/// spent by now.
pub(super) async fn logged_out_elsewhere(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(WEB)?;
    let folder = provider.empty_folder("logged-out-elsewhere")?;
    let first = provider.mint(WEB).await?;
    let ours = cache_over(endpoint.clone(), &folder, first.clone())?;
    let token = (*ours.token().await?).clone();
    must_be_active(&ours, &endpoint, &token).await?;

    let elsewhere = cache_over(endpoint.clone(), &folder, first)?;
    is_revoked(&elsewhere.logout().await?)?;
    let lives = is_active(&ours, &endpoint, &token).await?;
    ensure!(!lives, "the newest token was not revoked");
    provider.stats().await?.revoked_grants(1)?;
    told(
        &at_the_end_of_its_life(&ours).await?,
        ErrorKind::Rejected,
        None,
    )
}

fn is_revoked(end: &LoggedOut) -> Result<()> {
    ensure!(
        matches!(end, LoggedOut::Revoked),
        "the logout ended as {end:?}"
    );
    Ok(())
}
