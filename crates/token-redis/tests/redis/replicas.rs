//! What counts as written, and what survives a failover.

use std::time::Duration;

use local_servers::{LocalServer, Redis};
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Committed, Intended};
use token_core::{Timestamp, TokenStore};
use token_redis::RedisStore;

use crate::setup::{
    LONG, builder, child_of, fingerprint, intent, key, owner, record, store, takes_lease,
};

fn pair() -> (Redis, Redis) {
    let primary = Redis::start().unwrap();
    let replica = Redis::with().replica_of(&primary).start().unwrap();
    primary.command(&["SET", "warm", "up"]).unwrap();
    assert_eq!(
        primary.command(&["WAIT", "1", "30000"]).unwrap().trim(),
        "1"
    );
    (primary, replica)
}

/// A store whose writes wait this long for a replica.
async fn waiting_for_replica(primary: &Redis, at_most: Duration) -> RedisStore {
    let builder = builder(primary).replicas(1, at_most);
    builder.connect().await.unwrap()
}

// FAULTS.md row 41
#[tokio::test]
async fn a_write_that_a_replica_has_counts_and_survives_a_failover() {
    let (mut primary, replica) = pair();
    let before = waiting_for_replica(&primary, Duration::from_secs(10)).await;
    let stored = before.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    assert_eq!(stored, Committed::Stored);
    assert!(takes_lease(&before, 1).await);
    assert_eq!(
        before.write_intent(&key(), &intent(1, 1)).await.unwrap(),
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
    let store = waiting_for_replica(&primary, patience).await;
    replica.pause().unwrap();
    for _ in 0..2 {
        let error = store
            .commit(&key(), &Overwrite, &record(1))
            .await
            .unwrap_err();
        assert!(error.to_string().ends_with("0 of 1"), "{error}");
        // Over a connection that did not write the record before.
        let other = waiting_for_replica(&primary, patience).await;
        other
            .commit(&key(), &Overwrite, &record(1))
            .await
            .unwrap_err();
        other.tombstone(&key()).await.unwrap_err();
    }
    replica.resume().unwrap();
    let patient = waiting_for_replica(&primary, Duration::from_secs(10)).await;
    let stored = patient
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    assert_eq!(stored, Committed::Stored);
}

/// Returns a store that waits for a replica that does not answer, and one that waits for none.
async fn lonely() -> (Redis, Redis, RedisStore, RedisStore) {
    let (primary, mut replica) = pair();
    let waiting = waiting_for_replica(&primary, Duration::from_millis(200)).await;
    let plain = store(&primary).await;
    replica.pause().unwrap();
    (primary, replica, waiting, plain)
}

// FAULTS.md rows 5 and 93
#[tokio::test]
async fn an_intent_that_no_replica_has_is_undone_and_the_previous_one_restored() {
    let (_primary, _replica, waiting, plain) = lonely().await;
    assert!(takes_lease(&waiting, 1).await);
    let error = waiting
        .write_intent(&key(), &intent(1, 1))
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with("0 of 1; it was undone"),
        "{error}"
    );
    assert_eq!(plain.load(&key()).await.unwrap().intent, None);

    // The intent of the other owner is restored.
    let of_another = intent(2, 7);
    waiting.release(&key(), &owner(1)).await.unwrap();
    plain.acquire(&key(), &owner(2), LONG).await.unwrap();
    plain.write_intent(&key(), &of_another).await.unwrap();
    plain.release(&key(), &owner(2)).await.unwrap();
    let age = plain.load(&key()).await.unwrap().intent_age;
    waiting.acquire(&key(), &owner(1), LONG).await.unwrap();
    waiting
        .write_intent(&key(), &intent(1, 1))
        .await
        .unwrap_err();
    let entry = plain.load(&key()).await.unwrap();
    assert_eq!(entry.intent, Some(of_another));
    assert!(entry.intent_age > age, "its age began again at zero");
}

// FAULTS.md row 93
#[tokio::test]
async fn a_tombstone_that_no_replica_has_is_undone_with_all_it_removed() {
    let (_primary, _replica, waiting, plain) = lonely().await;
    let record = token_core::store::Record {
        due_at: Some(Timestamp::from_unix_seconds(1_800_000_000)),
        initial: Some(fingerprint(9)),
        ..record(1)
    };
    plain.commit(&key(), &Overwrite, &record).await.unwrap();
    plain.acquire(&key(), &owner(1), LONG).await.unwrap();
    plain.write_intent(&key(), &intent(1, 1)).await.unwrap();
    let error = waiting.tombstone(&key()).await.unwrap_err();
    assert!(
        error.to_string().ends_with("0 of 1; it was undone"),
        "{error}"
    );
    let entry = plain.load(&key()).await.unwrap();
    assert!(!entry.tombstoned && entry.tombstoned_generation.is_none());
    assert_eq!(entry.intent, Some(intent(1, 1)));
    let kept = entry.record.unwrap();
    assert_eq!((kept.id(), kept.initial), (record.id(), record.initial));
    assert_eq!((kept.due_at, kept.grant_ends_at), (record.due_at, None));
    assert_eq!(kept.body.expose(), record.body.expose());

    // A replicated tombstone is not undone by a second one that is not replicated.
    plain.tombstone(&key()).await.unwrap().unwrap();
    waiting.tombstone(&key()).await.unwrap_err();
    let entry = plain.load(&key()).await.unwrap();
    assert!(entry.tombstoned && entry.record.is_none());
    assert_eq!(entry.tombstoned_generation, Some(record.generation));
    assert_eq!(entry.tombstoned_initial, record.initial);
}

// FAULTS.md row 93
#[tokio::test]
async fn a_tombstone_that_was_overwritten_is_reported_as_not_undone() {
    let (primary, _replica, waiting, plain) = lonely().await;
    plain.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    // The mark of the tombstone has changed by the time it is to be undone.
    let patient = waiting_for_replica(&primary, Duration::from_secs(1)).await;
    let began = tokio::spawn(async move { patient.tombstone(&key()).await });
    crate::setup::until("the first tombstone is there", async || {
        plain.load(&key()).await.unwrap().tombstoned
    })
    .await;
    plain.tombstone(&key()).await.unwrap();
    let error = began.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("0 of 1; it was not undone"), "{error}");
    assert!(plain.load(&key()).await.unwrap().tombstoned);
    drop(waiting);
}

// FAULTS.md row 41
#[tokio::test]
async fn a_primary_that_became_a_replica_is_an_error_and_nothing_is_written() {
    let (primary, replica) = pair();
    let store = store(&primary).await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    primary
        .command(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()])
        .unwrap();
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    let error = child.unwrap_err().to_string();
    assert!(error.contains("replica"), "{error}");
}
