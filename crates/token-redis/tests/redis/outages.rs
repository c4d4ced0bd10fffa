//! The server stops, freezes, returns, returns empty.

use std::time::{Duration, Instant};

use local_servers::{LocalServer, Redis};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, CommitCondition, Committed};
use tokio::runtime::Runtime;

use crate::setup::{LONG, builder, child_of, intent, key, owner, record, store, takes_lease};

const SHORT: Duration = Duration::from_millis(300);

// FAULTS.md row 9
#[tokio::test]
async fn a_frozen_server_is_an_error_in_time_and_not_busy() {
    let mut redis = Redis::start().unwrap();
    let store = builder(&redis).timeout(SHORT).connect().await.unwrap();
    assert!(takes_lease(&store, 1).await);
    redis.pause().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the time of a real server's silence"
    )]
    let began = Instant::now();
    for _ in 0..2 {
        // Once over the existing connection, and once over one that is not answered.
        let error = store.acquire(&key(), &owner(2), LONG).await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
    }
    assert!(began.elapsed() < LONG / 10, "{:?}", began.elapsed());
    redis.resume().unwrap();
    let patient = builder(&redis).connect().await.unwrap();
    let other = patient.acquire(&key(), &owner(2), LONG).await.unwrap();
    assert!(matches!(other, Acquired::Busy { .. }), "{other:?}");
}

// FAULTS.md row 9
#[tokio::test]
async fn a_stopped_server_is_an_error_and_its_restart_needs_no_new_store() {
    let mut redis = Redis::with().append_only().start().unwrap();
    let store = store(&redis).await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    redis.kill().unwrap();
    store.load(&key()).await.unwrap_err();
    redis.start_again().unwrap();
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
    assert_eq!(entry.intent, Some(intent(1, 1)));
    let other = store.acquire(&key(), &owner(2), LONG).await.unwrap();
    assert!(
        matches!(other, Acquired::Busy { .. }),
        "the lease was forgotten: {other:?}"
    );
}

#[tokio::test]
async fn a_restart_between_two_operations_has_no_effect() {
    let mut redis = Redis::with().append_only().start().unwrap();
    let store = store(&redis).await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    redis.stop().unwrap();
    redis.start_again().unwrap();
    // The restarted server knows neither the connection nor the scripts.
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert_eq!(child.unwrap(), Committed::Stored);
}

// FAULTS.md row 41
#[tokio::test]
async fn after_an_empty_restart_a_record_is_missing_and_can_be_rewritten() {
    let mut redis = Redis::start().unwrap();
    let store = store(&redis).await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    redis.kill().unwrap();
    redis.start_again().unwrap();
    let entry = store.load(&key()).await.unwrap();
    assert!(entry.record.is_none() && !entry.tombstoned);
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert_eq!(child.unwrap(), Committed::Missing);
    let repair = store
        .commit(&key(), &CommitCondition::UnlessTombstoned, &record(2))
        .await;
    assert_eq!(repair.unwrap(), Committed::Stored);
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

// FAULTS.md row 46
#[test]
fn a_store_outlives_the_runtime_that_connected_it() {
    let redis = Redis::start().unwrap();
    let first = runtime();
    let store = first.block_on(store(&redis));
    first
        .block_on(store.commit(&key(), &Overwrite, &record(1)))
        .unwrap();
    drop(first);
    let entry = runtime().block_on(store.load(&key())).unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
}

// FAULTS.md row 53
#[test]
fn a_store_works_while_the_runtime_that_connected_it_is_not_running() {
    let redis = Redis::start().unwrap();
    let still = runtime();
    let store = still.block_on(store(&redis));
    let other = runtime();
    other
        .block_on(store.commit(&key(), &Overwrite, &record(1)))
        .unwrap();
    let entry = still.block_on(store.load(&key())).unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
    drop(other);
}
