//! Waiting for the commit of another process: it ends soon after the commit or the release, and not
//! before.

use std::time::Duration;

use token_core::TokenStore;
use token_core::store::Entry;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fixture::{Fixture, child_of, commit, key, owner, record, takes_lease};

/// Many times the interval at which the store checks the files, for a busy machine.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_wait_ends_soon_after_the_lease_owners_commit() {
    let fixture = Fixture::with_a_record().await;
    let first = fixture.store();
    assert!(takes_lease(&first, 1).await);
    let waiter = waiting(&fixture).await;
    commit(&first, &child_of(1), 2).await;
    let entry = soon(waiter).await.unwrap();
    assert_eq!(entry.generation(), Some(record(2).generation));
}

#[tokio::test]
async fn a_wait_ends_soon_after_the_lease_is_released() {
    let fixture = Fixture::with_a_record().await;
    let first = fixture.store();
    assert!(takes_lease(&first, 1).await);
    let waiter = waiting(&fixture).await;
    first.release(&key(), &owner(1)).await.unwrap();
    let entry = soon(waiter).await.unwrap();
    assert_eq!(entry.generation(), Some(record(1).generation));
}

/// Returns a wait of another handle that has checked the files and continues.
async fn waiting(fixture: &Fixture) -> JoinHandle<Option<Entry>> {
    let store = fixture.store();
    let seen = Some(record(1).generation);
    let waiter =
        tokio::spawn(async move { store.wait_for_change(&key(), seen, Duration::MAX).await });
    // tidy: sleeps because the waiter checks the files on a thread that no test drives
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        !waiter.is_finished(),
        "the wait ended though nothing changed"
    );
    waiter
}

async fn soon(waiter: JoinHandle<Option<Entry>>) -> Option<Entry> {
    timeout(SOON, waiter).await.unwrap().unwrap()
}
