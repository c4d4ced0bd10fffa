//! The main case: many callers, one exchange per token.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use vendor_auth::TokenCache;
use vendor_auth::cache::{Drained, Event};
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::Generation;

use super::caches::WEB;
use super::provider::Provider;
use super::waiting::{history, is_live, must_be_active};

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
    let mut pace = interval(CALL_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
    let mut pace = interval(PROBE_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
