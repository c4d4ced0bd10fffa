//! Caches that share a grant through the store.

use std::time::{Duration, Instant};

use local_servers::{LocalServer, Redis};
use token_cache::{TokenCache, TokenGuard};
use token_core::store::CommitCondition;
use token_core::{ErrorKind, Timestamp, TokenStore};
use token_testkit::ManualClock;
use tokio::runtime::Handle;

use crate::setup::{LONG, child_of, key, record, store, until};
use crate::vendor::{Acme, Server, first};

/// Shorter than the backoff after a failure, which follows the frozen clock.
const SHORT: Duration = Duration::from_millis(300);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The caches' clock: token lifetimes follow it and never pass by waiting.
fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000))
}

/// In the test's own runtime, so that the clock moves only when everything before is done.
async fn cache(redis: &Redis, server: &Server, clock: &ManualClock) -> TokenCache {
    let cache = TokenCache::builder(Acme)
        .http_client(server.clone())
        .runtime(Handle::current())
        .store(store(redis).await);
    cache
        .initial_token(first())
        .clock(clock.clone())
        .build()
        .unwrap()
}

async fn all(caches: &[TokenCache]) -> Vec<TokenGuard> {
    let asking: Vec<_> = caches
        .iter()
        .cloned()
        .map(|cache| tokio::spawn(async move { cache.token_within(LONG).await.unwrap() }))
        .collect();
    let mut tokens = Vec::new();
    for asked in asking {
        tokens.push(asked.await.unwrap());
    }
    tokens
}

// FAULTS.md row 1
#[tokio::test]
async fn two_caches_use_each_refresh_token_once() {
    let (redis, server, clock) = (Redis::start().unwrap(), Server::default(), clock());
    let caches = [
        cache(&redis, &server, &clock).await,
        cache(&redis, &server, &clock).await,
    ];
    for generation in 1..=10 {
        let tokens = all(&caches).await;
        assert!(
            tokens[0].same_secrets_as(&tokens[1]),
            "two tokens in generation {generation}"
        );
        assert_eq!((server.exchanges(), server.reused()), (generation, 0));
        clock.advance(2 * HOUR);
    }
}

// FAULTS.md row 42
#[tokio::test]
async fn sixty_four_caches_that_start_together_make_one_exchange() {
    let (redis, server, clock) = (Redis::start().unwrap(), Server::default(), clock());
    let mut caches = Vec::new();
    for _ in 0..64 {
        caches.push(cache(&redis, &server, &clock).await);
    }
    let tokens = all(&caches).await;
    assert!(tokens.iter().all(|token| token.same_secrets_as(&tokens[0])));
    assert_eq!((server.exchanges(), server.reused()), (1, 0));
}

// FAULTS.md rows 5 and 9
#[tokio::test]
async fn without_the_store_no_refresh_token_is_used_and_a_valid_token_is_served() {
    let mut redis = Redis::with().append_only().start().unwrap();
    let (server, clock) = (Server::default(), clock());
    let cache = cache(&redis, &server, &clock).await;
    let token = cache.token().await.unwrap();
    redis.kill().unwrap();
    clock.advance(HOUR - MINUTE);
    assert!(cache.token().await.unwrap().same_secrets_as(&token));
    assert_eq!((server.exchanges(), server.reused()), (1, 0));
    clock.advance(2 * MINUTE);
    let error = cache.token_within(SHORT).await.unwrap_err();
    assert_eq!((error.kind(), server.exchanges()), (ErrorKind::Store, 1));

    redis.start_again().unwrap();
    clock.advance(HOUR);
    cache.token().await.unwrap();
    assert_eq!((server.exchanges(), server.reused()), (2, 0));
}

#[tokio::test]
async fn a_refresh_costs_four_round_trips_and_one_for_the_index() {
    let (redis, server, clock) = (Redis::start().unwrap(), Server::default(), clock());
    let cache = cache(&redis, &server, &clock).await;
    // The lease is released after the token is stored.
    let lease = ["HEXISTS", "tokens:acme/acme.example/shared", "lease_owner"];
    let given_back = async || {
        until("the lease is given back", async || {
            redis.command(&lease).unwrap().trim() == "0"
        })
        .await;
    };
    let token = cache.token().await.unwrap();
    given_back().await;
    redis.command(&["CONFIG", "RESETSTAT"]).unwrap();
    clock.advance(2 * HOUR);
    assert!(!cache.token().await.unwrap().same_secrets_as(&token));
    given_back().await;
    let asked = redis.command(&["INFO", "commandstats"]).unwrap();
    assert!(asked.contains("cmdstat_evalsha:calls=5,"), "{asked}");
    for other in ["cmdstat_eval:", "cmdstat_subscribe:", "cmdstat_wait:"] {
        assert!(!asked.contains(other), "{asked}");
    }
}

#[tokio::test]
async fn a_waiter_is_notified_of_a_commit_and_does_not_poll_for_it() {
    let redis = Redis::start().unwrap();
    let (waits, commits) = (store(&redis).await, store(&redis).await);
    commits
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let waits = waits.clone();
        async move {
            waits
                .wait_for_change(&key(), Some(record(1).generation), LONG)
                .await
        }
    });
    let asked = || redis.command(&["INFO", "commandstats"]).unwrap();
    until("the waiting store commands once", async || {
        asked().contains("cmdstat_hmget:calls=2,")
    })
    .await;
    #[expect(clippy::disallowed_methods, reason = "a real message takes real time")]
    let began = Instant::now();
    commits
        .commit(&key(), &child_of(1), &record(2))
        .await
        .unwrap();
    let entry = waiting.await.unwrap().unwrap();
    assert_eq!(entry.generation(), Some(record(2).generation));
    let commands = asked();
    // Two commits, and one read before and after the message.
    let expected = commands.contains("cmdstat_subscribe:calls=1,")
        && commands.contains("cmdstat_hmget:calls=4,");
    assert!(expected, "after {:?}: {commands}", began.elapsed());
}
