//! The main case: many callers, one exchange per token; and servers that keep refresh tokens.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::Instant;
use vendor_auth::cache::{Drained, Event};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::{Generation, Secret};
use vendor_auth::{Token, TokenCache};

use super::caches::{WEB, cache_from};
use super::provider::Provider;
use super::questions::next_works;
use super::waiting::{history, is_live, must_be_active, next_token, pace};

const CALLERS: usize = 1_000;
const ROTATIONS: u64 = 20;
/// The pause of a caller: 25,000 calls a second together leave enough of the machine to the server.
const CALL_EVERY: Duration = Duration::from_millis(40);
/// Some ask the server whether it accepts the token that they got.
const PROBES: usize = 4;
const PROBE_EVERY: Duration = Duration::from_millis(150);

pub(super) async fn check(provider: &Provider) -> Result<String> {
    let endpoint = provider.endpoint(WEB)?;
    let tokens = provider.granted(WEB).await?;
    let events = tokio::spawn(history(tokens.events()));
    let keep_fresh = tokens.keep_fresh();

    let seen = crowd(&tokens, &endpoint, Generation::new(1 + ROTATIONS)).await?;

    keep_fresh.stop();
    let drained = tokens.drain(Duration::from_secs(10)).await;
    ensure!(drained == Drained::Settled, "the cache did not settle");
    let last = tokens
        .current()
        .map_or(0, |token| token.generation().number());
    drop(tokens);
    only_good_news(&events.await?, last)?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", last)])?;
    Ok(format!(
        "{last} exchanges for {last} tokens, {} calls, {} tokens shown to the server, slowest call {} ms",
        seen.calls,
        seen.probes,
        seen.slowest.as_millis()
    ))
}

/// What callers saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) calls: u64,
    /// Tokens that were presented to the server.
    pub(super) probes: u64,
    pub(super) slowest: Duration,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.probes += other.probes;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// Runs all callers until each got a token of the last generation. The first failure ends all.
async fn crowd(tokens: &TokenCache, endpoint: &OAuth2, last: Generation) -> Result<Seen> {
    let mut crowd = JoinSet::new();
    for _ in 0..CALLERS {
        crowd.spawn(caller(tokens.clone(), last));
    }
    for _ in 0..PROBES {
        crowd.spawn(probe(tokens.clone(), endpoint.clone(), last));
    }
    let mut total = Seen::default();
    while let Some(seen) = crowd.join_next().await {
        total.add(&seen??);
    }
    Ok(total)
}

/// Calls until it gets a token of the last generation. Every token must be valid, and none may be
/// older than a previous one.
pub(super) async fn caller(tokens: TokenCache, last: Generation) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut newest = Generation::default();
    let mut pace = pace(CALL_EVERY);
    while newest < last {
        pace.tick().await;
        let begun = Instant::now();
        let token = tokens.token().await?;
        is_live(&token)?;
        let generation = token.generation();
        ensure!(
            generation >= newest,
            "an older token came after a newer one"
        );
        // The very first token has to be waited for.
        if newest > Generation::default() {
            seen.slowest = seen.slowest.max(begun.elapsed());
        }
        newest = generation;
        seen.calls += 1;
    }
    Ok(seen)
}

async fn probe(tokens: TokenCache, endpoint: OAuth2, last: Generation) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut newest = Generation::default();
    let mut pace = pace(PROBE_EVERY);
    while newest < last {
        pace.tick().await;
        let token = (*tokens.token().await?).clone();
        must_be_active(&tokens, &endpoint, &token).await?;
        newest = token.generation();
        seen.probes += 1;
    }
    Ok(seen)
}

/// Checks that every token was reported once, was kept, and nothing else happened.
fn only_good_news(events: &[Event], last: u64) -> Result<()> {
    let refreshed = events.iter().filter_map(|event| match event {
        Event::Refreshed { generation, .. } => Some(generation.number()),
        _ => None,
    });
    ensure!(
        refreshed.eq(1..=last),
        "a token was reported twice or not at all"
    );
    let bad = events.iter().find(|event| !is_good(event));
    ensure!(bad.is_none(), "something went wrong meanwhile: {bad:?}");
    Ok(())
}

fn is_good(event: &Event) -> bool {
    match event {
        // The cache of this check keeps its token in memory only, and reports that.
        Event::Refreshed { .. } | Event::Persisted { .. } | Event::NotDurable => true,
        // The token with which the cache started was never in the store.
        Event::Rewritten { generation } => generation.number() == 1,
        _ => false,
    }
}

/// The refresh token is kept through exchanges of our own and of another client, and none of them
/// counts as reuse.
pub(super) async fn kept(provider: &Provider) -> Result<String> {
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
