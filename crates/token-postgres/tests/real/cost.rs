//! What a refresh costs the server. How long it takes is measured by `benches/refresh.rs`.

use local_servers::Postgres;
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Committed;

use crate::place::{LIFE, Place, child_of, intent, key, owner, record};

/// The next transaction id, which only a transaction that writes takes.
fn written(server: &Postgres) -> u64 {
    let next = server
        .sql("SELECT pg_snapshot_xmax(pg_current_snapshot())")
        .unwrap();
    next.trim().parse().unwrap()
}

#[tokio::test]
async fn a_refresh_writes_four_times() {
    let server = Postgres::with()
        .setting("autovacuum", "off")
        .start()
        .unwrap();
    let place = Place::migrated(server.url()).await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    let before = written(&server);
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert_eq!(child.unwrap(), Committed::Stored);
    store.release(&key(), &owner(1)).await.unwrap();
    assert_eq!(written(&server) - before, 4);
}

#[tokio::test]
async fn a_waiter_writes_only_when_it_tries_to_take_the_lease() {
    let server = Postgres::with()
        .setting("autovacuum", "off")
        .start()
        .unwrap();
    let place = Place::migrated(server.url()).await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    let before = written(&server);
    store.acquire(&key(), &owner(2), LIFE).await.unwrap();
    let wait = std::time::Duration::from_millis(200);
    store
        .wait_for_change(&key(), Some(record(1).generation), wait)
        .await;
    store.load(&key()).await.unwrap();
    assert_eq!(written(&server) - before, 1);
}
