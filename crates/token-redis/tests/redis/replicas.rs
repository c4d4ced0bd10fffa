//! What counts as written, and what a failover keeps.

use std::time::Duration;

use local_servers::{LocalServer, Redis};
use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed, Intended};

use crate::place::{LONG, builder, intent, key, lineage, owner, record, store};

fn pair() -> (Redis, Redis) {
    let primary = Redis::start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    primary.command(&["SET", "warm", "up"]).unwrap();
    assert_eq!(primary.command(&["WAIT", "1", "30000"]).unwrap().trim(), "1");
    (primary, replica)
}

// FAULTS.md row 41
#[tokio::test]
async fn a_write_that_a_replica_has_counts_and_survives_a_failover() {
    let (mut primary, replica) = pair();
    let before = builder(&primary)
        .replicas(1, Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    let stored = before
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    assert_eq!(stored, Committed::Stored);
    assert!(before.acquire(&key(), &owner(1), LONG).await.unwrap().is_held());
    assert_eq!(
        before.intend(&key(), &intent(1, 1)).await.unwrap(),
        Intended::Written
    );

    primary.kill().unwrap();
    replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    let entry = store(&replica).await.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
    assert_eq!(entry.intent, Some(intent(1, 1)));
}

// FAULTS.md rows 4 and 41
#[tokio::test]
async fn a_write_that_too_few_replicas_have_is_an_error_however_often_it_is_sent() {
    let (primary, mut replica) = pair();
    let patience = Duration::from_millis(200);
    let store = builder(&primary).replicas(1, patience).connect().await.unwrap();
    replica.pause().unwrap();
    for _ in 0..2 {
        let error = store
            .commit(&key(), &CommitCondition::Overwrite, &record(1))
            .await
            .unwrap_err();
        assert!(error.to_string().ends_with("0 of 1"), "{error}");
        // Over a connection that did not write the record first.
        let anew = builder(&primary).replicas(1, patience).connect().await.unwrap();
        anew.commit(&key(), &CommitCondition::Overwrite, &record(1))
            .await
            .unwrap_err();
        anew.tombstone(&key()).await.unwrap_err();
    }
    replica.resume().unwrap();
    let patient = builder(&primary)
        .replicas(1, Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    let stored = patient
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    assert_eq!(stored, Committed::Stored);
}

// FAULTS.md row 5
#[tokio::test]
async fn an_intent_that_no_replica_has_is_not_written() {
    let (primary, mut replica) = pair();
    let store = builder(&primary)
        .replicas(1, Duration::from_millis(200))
        .connect()
        .await
        .unwrap();
    assert!(store.acquire(&key(), &owner(1), LONG).await.unwrap().is_held());
    replica.stop().unwrap();
    store.intend(&key(), &intent(1, 1)).await.unwrap_err();
}

// FAULTS.md row 41
#[tokio::test]
async fn a_primary_that_became_a_replica_is_an_error_and_nothing_is_written() {
    let (primary, replica) = pair();
    let store = store(&primary).await;
    store
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    primary
        .command(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()])
        .unwrap();
    let child = store
        .commit(&key(), &CommitCondition::ParentIs(lineage(1)), &record(2))
        .await;
    let error = child.unwrap_err().to_string();
    assert!(error.contains("replica"), "{error}");
}
