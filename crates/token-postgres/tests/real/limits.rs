//! Extreme numbers, and use outside a runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use token_core::TokenStore;
use token_core::store::{CommitCondition, Renewed};
use token_postgres::PostgresStore;
use tokio::time::timeout;

use crate::place::{Place, child_of, key, owner, record, sealing};

#[tokio::test]
async fn the_longest_times_do_not_panic() {
    let store = Place::direct().await.store();
    let held = store
        .acquire(&key(), &owner(1), Duration::MAX)
        .await
        .unwrap();
    assert!(held.is_held());
    let renewed = store.renew(&key(), &owner(1), Duration::MAX).await.unwrap();
    assert_eq!(renewed, Renewed::Held);
    let (key, record, condition) = (key(), record(1), CommitCondition::Overwrite);
    let both = async {
        tokio::join!(
            store.wait_for_change(&key, None, Duration::MAX),
            store.commit(&key, &condition, &record)
        )
    };
    let (told, _) = timeout(Duration::from_secs(60), both).await.unwrap();
    assert!(told.unwrap().record.is_some());
}

/// Polls a future to completion without timers and sockets.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for a runtime that is not there"),
    }
}

// FAULTS.md row 90
#[test]
fn outside_a_runtime_every_operation_is_an_error() {
    let builder = PostgresStore::builder(sealing("1", 1)).url("postgres://127.0.0.1:1");
    let store = builder
        .notified_through("postgres://127.0.0.1:1")
        .build()
        .unwrap();
    let child = child_of(1);
    let errors = [
        at_once(store.check()).unwrap_err(),
        at_once(store.migrate()).unwrap_err(),
        at_once(store.load(&key())).unwrap_err(),
        at_once(store.acquire(&key(), &owner(1), Duration::MAX)).unwrap_err(),
        at_once(store.commit(&key(), &child, &record(2))).unwrap_err(),
        at_once(store.tombstone(&key())).unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.to_string().contains("outside a tokio runtime"),
            "{error}"
        );
    }
    assert!(at_once(store.wait_for_change(&key(), None, Duration::MAX)).is_none());
}
