//! The server is down for a while.

use anyhow::{Context as _, Result, bail, ensure};
use vendor_auth::cache::{Event, Events};
use vendor_auth::{Error, ErrorKind, Token, TokenCache};

use super::caches::{LONGEST_PAUSE, WEB};
use super::provider::Provider;
use super::waiting::{at_the_end_of_its_life, must_be_active, next, next_token, now};

/// The live token is served until it expires, then callers are told to retry; the cache finds the
/// server by itself when it is back.
pub(super) async fn check(provider: &mut Provider) -> Result<String> {
    let endpoint = provider.endpoint(WEB)?;
    let tokens = provider.granted(WEB).await?;
    let before = (*tokens.token().await?).clone();
    let mut events = tokens.events();

    provider.stop().await?;
    tokens.keep_fresh();
    let said = endures(&tokens, &before, &mut events).await?;

    provider.start_again().await?;
    let (generation, _) = next_token(&mut events).await?;
    ensure!(
        generation == before.generation().next(),
        "generation {generation} came next"
    );
    let after = (*tokens.token().await?).clone();
    must_be_active(&tokens, &endpoint, &after).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", 1)])?;
    Ok(format!("{said}; then fresh again by itself"))
}

async fn endures(tokens: &TokenCache, before: &Token, events: &mut Events) -> Result<String> {
    may_ask_again_soon(&next_failure(events).await?).context("the first failure")?;
    let served = tokens
        .token()
        .await
        .context("the live token was not served")?
        .generation();
    ensure!(
        served == before.generation(),
        "another token came unexpectedly"
    );
    let error = at_the_end_of_its_life(tokens).await?;
    ensure!(
        now() >= before.validity().expires_at(),
        "the token was withdrawn before its expiry"
    );
    may_ask_again_soon(&error)
}

/// Checks that the error is transient, and gives the time for which our own pause lasts at most.
fn may_ask_again_soon(error: &Error) -> Result<String> {
    let ErrorKind::Transient { after } = error.kind() else {
        bail!("not transient: {error}");
    };
    ensure!(
        after.is_none_or(|after| after <= LONGEST_PAUSE),
        "a pause of {after:?}"
    );
    Ok("transient, with at most a second to wait".to_owned())
}

async fn next_failure(events: &mut Events) -> Result<Error> {
    next(events, "the first failure", |event| match event {
        Event::Failed { error, .. } => Some(error.clone()),
        _ => None,
    })
    .await
}
