//! Waiting for another owner: how long, and what is cleaned up.

use std::time::Duration;

use local_servers::Redis;
use token_core::store::CommitCondition::Overwrite;
use token_core::{TokenKey, TokenStore};
use token_redis::{RedisStore, Servers};

use crate::setup::{builder, key, owner, record, sealing, store, until};

fn key_of(number: usize) -> TokenKey {
    TokenKey::of("acme", "api.acme.example", &format!("user {number}"))
}

fn channels(redis: &Redis) -> usize {
    let listed = redis.command(&["PUBSUB", "CHANNELS"]).unwrap();
    listed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count()
}

// FAULTS.md row 91
#[tokio::test]
async fn there_are_no_more_channels_than_waits_in_progress() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    let nothing = Duration::from_millis(1);
    for number in 0..200 {
        store.wait_for_change(&key_of(number), None, nothing).await;
    }
    until("nobody listens any more", async || channels(&redis) == 0).await;

    // Cancelled waits are forgotten too, and those in progress are not.
    let long = Duration::from_secs(60);
    let waits: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.wait_for_change(&key_of(number), None, long).await })
        })
        .collect();
    until("all listen", async || channels(&redis) == 20).await;
    for wait in &waits[1..] {
        wait.abort();
    }
    until("one listens", async || channels(&redis) == 1).await;
    store
        .commit(&key_of(0), &Overwrite, &record(1))
        .await
        .unwrap();
    let mut waits = waits.into_iter();
    let entry = waits.next().unwrap().await.unwrap().unwrap();
    assert_eq!(entry.generation(), Some(record(1).generation));
    until("nobody listens any more", async || channels(&redis) == 0).await;
}

// FAULTS.md row 91
#[tokio::test]
async fn a_cluster_is_unsubscribed_after_the_last_wait() {
    let redis = Redis::with().cluster().start().unwrap();
    let servers = Servers::cluster([redis.url()]);
    let store = RedisStore::builder(servers, sealing())
        .connect()
        .await
        .unwrap();
    let wait = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .wait_for_change(&key(), None, Duration::from_secs(60))
                .await
        }
    });
    until("it listens", async || channels(&redis) == 1).await;
    wait.abort();
    until("nobody listens any more", async || channels(&redis) == 0).await;
}

// FAULTS.md row 91
#[tokio::test]
async fn a_channel_is_subscribed_until_the_last_wait_has_ended() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    let long = Duration::from_secs(60);
    let wait = || {
        let store = store.clone();
        tokio::spawn(async move { store.wait_for_change(&key(), None, long).await })
    };
    let (one, other) = (wait(), wait());
    until("they listen", async || channels(&redis) == 1).await;
    one.abort();
    one.await.unwrap_err();
    assert_eq!(channels(&redis), 1);
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    assert!(other.await.unwrap().is_some());
    until("nobody listens any more", async || channels(&redis) == 0).await;
}

#[tokio::test]
async fn an_unlimited_lease_ttl_does_not_panic() {
    let redis = Redis::start().unwrap();
    let store = store(&redis).await;
    assert!(
        store
            .acquire(&key(), &owner(1), Duration::MAX)
            .await
            .unwrap()
            .is_held()
    );
    store.renew(&key(), &owner(1), Duration::MAX).await.unwrap();
    assert!(
        !store
            .acquire(&key(), &owner(2), Duration::MAX)
            .await
            .unwrap()
            .is_held()
    );
    store
        .wait_for_change(&key(), Some(record(1).generation), Duration::MAX)
        .await;
}

// FAULTS.md row 90
#[tokio::test]
async fn an_unlimited_timeout_is_a_build_error() {
    let redis = Redis::start().unwrap();
    let field = |error: token_core::BuildError| error.field();
    let endless = builder(&redis).timeout(Duration::MAX).build();
    assert_eq!(endless.map_err(field).unwrap_err(), "timeout");
    let endless = builder(&redis).replicas(1, Duration::MAX).build();
    assert_eq!(endless.map_err(field).unwrap_err(), "replicas");
    let hour = Duration::from_secs(3600);
    builder(&redis)
        .timeout(hour)
        .replicas(1, hour)
        .connect()
        .await
        .unwrap();
}
