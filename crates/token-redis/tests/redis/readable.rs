//! Servers that can be read but not written: a valid token is still available.

use local_servers::Redis;
use token_core::TokenStore;
use token_core::store::{Acquired, CommitCondition};
use token_redis::RedisStore;

use crate::setup::{LONG, builder, intent, key, owner, record, store, takes_lease};

async fn assert_readable(store: &RedisStore) {
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
}

async fn put_a_record_into(redis: &Redis) -> RedisStore {
    let store = store(redis).await;
    store
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    store
}

// FAULTS.md rows 5 and 68
#[tokio::test]
async fn a_full_server_can_be_read_and_takes_no_intent() {
    let redis = Redis::start().unwrap();
    let before = put_a_record_into(&redis).await;
    assert!(takes_lease(&before, 1).await);
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    redis.command(&["SCRIPT", "FLUSH"]).unwrap();
    let starting = store(&redis).await;
    assert_readable(&starting).await;
    let error = starting.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Redis is out of memory and accepts no writes: OOM"
    );
    let error = before
        .write_intent(&key(), &intent(1, 1))
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("OOM"), "{error}");
    assert_eq!(before.load(&key()).await.unwrap().intent, None);
    assert_readable(&before).await;
}

// FAULTS.md row 68
#[tokio::test]
async fn a_replica_can_be_read_but_grants_no_lease() {
    let primary = Redis::start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    let writing = put_a_record_into(&primary).await;
    assert_eq!(
        primary.command(&["WAIT", "1", "30000"]).unwrap().trim(),
        "1"
    );
    for reading in [store(&replica).await, builder(&replica).build().unwrap()] {
        assert_readable(&reading).await;
        let error = reading.acquire(&key(), &owner(1), LONG).await.unwrap_err();
        assert!(error.to_string().contains("replica"), "{error}");
        reading.check().await.unwrap_err();
        assert_readable(&reading).await;
    }

    // When the server has become the primary, the same store writes to it.
    let reading = store(&replica).await;
    reading.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    let acquired = reading.acquire(&key(), &owner(1), LONG).await.unwrap();
    assert!(matches!(acquired, Acquired::Held(_)), "{acquired:?}");
    drop(writing);
}

// FAULTS.md row 68
#[tokio::test]
async fn a_server_that_may_evict_can_still_be_read() {
    let redis = Redis::start().unwrap();
    put_a_record_into(&redis).await;
    for (name, value) in [("maxmemory-policy", "allkeys-lru"), ("maxmemory", "64mb")] {
        redis.command(&["CONFIG", "SET", name, value]).unwrap();
    }
    let lazy = builder(&redis).build().unwrap();
    assert_readable(&lazy).await;
    lazy.acquire(&key(), &owner(1), LONG).await.unwrap_err();
    assert_readable(&lazy).await;
}
