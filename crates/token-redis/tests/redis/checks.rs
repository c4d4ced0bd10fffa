//! The checks of a server before a grant is stored there.

use std::time::Duration;

use local_servers::Redis;
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_redis::{RedisStore, Servers};

use crate::setup::{LONG, builder, intent, key, owner, record, sealing, store};

// FAULTS.md row 41
#[tokio::test]
async fn a_server_that_may_evict_a_record_is_refused_when_connecting() {
    let redis = Redis::with()
        .max_memory("64mb", "allkeys-lru")
        .start()
        .unwrap();
    let error = builder(&redis).connect().await.unwrap_err();
    assert!(error.to_string().contains("maxmemory-policy"), "{error}");
    assert!(error.to_string().ends_with("allkeys-lru"), "{error}");

    // A lazily built store acquires nothing there either.
    let lazy = builder(&redis).build().unwrap();
    let error = lazy.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    assert!(error.to_string().ends_with("allkeys-lru"), "{error}");
    redis
        .command(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"])
        .unwrap();
    let acquired = lazy.acquire(&key(), &owner(1), LONG).await.unwrap();
    assert!(acquired.is_held());
}

// FAULTS.md row 41
#[tokio::test]
async fn the_server_check_can_be_skipped() {
    let redis = Redis::with()
        .max_memory("64mb", "allkeys-lru")
        .start()
        .unwrap();
    let unchecked = builder(&redis).skip_server_check().build().unwrap();
    unchecked
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    unchecked.check().await.unwrap_err();
}

#[tokio::test]
async fn a_check_returns_the_servers_settings() {
    let redis = Redis::with().append_only().start().unwrap();
    let nodes = store(&redis).await.check().await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert!(nodes[0].is_primary && nodes[0].append_only, "{nodes:?}");
    assert_eq!(
        (nodes[0].replicas, nodes[0].eviction.as_str()),
        (0, "noeviction")
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_clear_error_that_shows_none() {
    let redis = Redis::with().password("the-right-one").start().unwrap();
    store(&redis).await.load(&key()).await.unwrap();
    let url = redis.url().replace("the-right-one", "the-wrong-one");
    let servers = Servers::node(url);
    let error = RedisStore::builder(servers, sealing())
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("the password"), "{error}");
    assert!(!format!("{error} {error:?}").contains("-one"));
}

/// Uses the line of the README, so that it stays correct.
#[tokio::test]
async fn the_documented_permissions_are_necessary_and_sufficient() {
    let page = include_str!("../../README.md");
    let line = page
        .lines()
        .find(|line| line.starts_with("ACL SETUSER"))
        .unwrap();
    let redis = Redis::start().unwrap();
    redis.command(&line.split(' ').collect::<Vec<_>>()).unwrap();
    let url = redis.url().replace("redis://", "redis://tokens:password@");
    let builder = RedisStore::builder(Servers::node(url), sealing());
    let store = builder.clone().connect().await.unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.renew(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    store.clear_intent(&key(), &owner(1)).await.unwrap();
    store.release(&key(), &owner(1)).await.unwrap();
    store.wait_for_change(&key(), None, LONG).await;
    store.tombstone(&key()).await.unwrap();
    assert!(store.load(&key()).await.unwrap().tombstoned);
    let waiting = builder
        .clone()
        .replicas(1, Duration::from_millis(1))
        .connect()
        .await
        .unwrap();
    let error = waiting.tombstone(&key()).await.unwrap_err().to_string();
    assert!(error.ends_with("0 of 1; it was undone"), "{error}");
    let errors = redis.command(&["INFO", "errorstats"]).unwrap();
    assert!(!errors.contains("NOPERM"), "{errors}");
    let elsewhere = builder.prefix("coupons:").connect().await.unwrap();
    elsewhere.load(&key()).await.unwrap_err();
}
