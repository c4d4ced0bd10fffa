//! Sentinels and a cluster.

use std::time::Duration;

use local_servers::{LocalServer, Redis};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Committed;
use token_redis::{RedisStore, Servers};

use crate::setup::{child_of, key, record, sealing, until};

// FAULTS.md row 41
#[tokio::test]
async fn sentinels_name_the_primary_and_after_a_failover_the_new_one() {
    let mut primary = Redis::with().password("of-the-nodes").start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    let sentinel = Redis::sentinel_of(&primary, "tokens", 500).unwrap();
    let servers =
        Servers::sentinels([sentinel.url()], "tokens").nodes_like("redis://:of-the-nodes@node");
    let builder = RedisStore::builder(servers, sealing());
    let store = builder.clone().connect().await.unwrap();
    let waiting = builder
        .replicas(1, Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    // The sentinel looks for replicas every ten seconds, and can only promote those that it knows.
    let port = replica.port().to_string();
    let says = |words: [&str; 3]| sentinel.command(&words).unwrap().contains(&port);
    until("the sentinel knows the replica", async || {
        says(["SENTINEL", "replicas", "tokens"])
    })
    .await;
    waiting
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    store.load(&key()).await.unwrap();

    primary.kill().unwrap();
    until("the sentinel names the replica", async || {
        says(["SENTINEL", "get-master-addr-by-name", "tokens"])
    })
    .await;
    // At first the sentinel considers the new primary down, too.
    until("the store finds the new primary", async || {
        store.load(&key()).await.is_ok()
    })
    .await;
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert_eq!(child.unwrap(), Committed::Stored);
}

#[tokio::test]
async fn sentinels_that_know_no_such_name_are_a_clear_error() {
    let primary = Redis::start().unwrap();
    let sentinel = Redis::sentinel_of(&primary, "tokens", 500).unwrap();
    let servers = Servers::sentinels([sentinel.url()], "coupons");
    let error = RedisStore::builder(servers, sealing())
        .connect()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no primary with that name"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cluster_is_checked_and_its_replicas_are_waited_for() {
    let redis = Redis::with().cluster().start().unwrap();
    let builder = RedisStore::builder(Servers::cluster([redis.url()]), sealing());
    let store = builder.clone().connect().await.unwrap();
    assert_eq!(store.check().await.unwrap().len(), 1);
    let waiting = builder
        .clone()
        .replicas(1, Duration::from_millis(100))
        .connect()
        .await
        .unwrap();
    let error = waiting
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with("0 of 1"), "{error}");

    for (name, value) in [("maxmemory", "64mb"), ("maxmemory-policy", "allkeys-lfu")] {
        redis.command(&["CONFIG", "SET", name, value]).unwrap();
    }
    builder.connect().await.unwrap_err();
}
