//! The server is frozen, stopped, killed, full, locked.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use local_servers::{LocalServer, Postgres};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, Committed, Intended, StoreError};
use token_postgres::PostgresStore;
use tokio::time::Instant;

use crate::place::{LIFE, Place, child_of, intent, key, owner, record};
use crate::wire::Wire;

const LIMIT: Duration = Duration::from_millis(600);

async fn own_server() -> (Postgres, Place) {
    let server = Postgres::start().unwrap();
    let place = Place::migrated(server.url()).await;
    (server, place)
}

// FAULTS.md row 9
#[tokio::test]
async fn a_frozen_server_is_an_error_in_time_and_not_busy() {
    let (mut server, place) = own_server().await;
    let store = place
        .builder()
        .timeout(LIMIT)
        .connections(2)
        .build()
        .unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    server.pause().unwrap();
    // More often than there are connections: none is waited for a second time.
    for _ in 0..4 {
        let began = Instant::now();
        let error = store.acquire(&key(), &owner(1), LIFE).await.unwrap_err();
        assert!(error.to_string().contains("in time"), "{error}");
        assert!(began.elapsed() < LIMIT * 4, "{:?}", began.elapsed());
        store.load(&key()).await.unwrap_err();
        store.write_intent(&key(), &intent(1, 1)).await.unwrap_err();
    }
    server.resume().unwrap();
    let patient = place.store();
    assert!(
        patient
            .acquire(&key(), &owner(1), LIFE)
            .await
            .unwrap()
            .is_held()
    );
    assert!(store.load(&key()).await.unwrap().record.is_some());
}

// FAULTS.md row 5
#[tokio::test]
async fn a_stopped_or_killed_server_restarts_with_all_acknowledged_writes() {
    let (mut server, place) = own_server().await;
    let store = place.store();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    for (parent, child) in [(0, 1), (1, 2)] {
        let condition = match parent {
            0 => Overwrite,
            parent => child_of(parent),
        };
        let committed = store.commit(&key(), &condition, &record(child)).await;
        assert_eq!(committed.unwrap(), Committed::Stored);
        assert_eq!(
            store.write_intent(&key(), &intent(1, child)).await.unwrap(),
            Intended::Written
        );
        match parent {
            0 => server.stop().unwrap(),
            _ => server.kill().unwrap(),
        }
        let told = gone(&store).await.to_string();
        assert!(
            !told.contains("in time"),
            "a server that is gone is told at once: {told}"
        );
        server.start_again().unwrap();
        let entry = recovered(&store).await;
        assert_eq!(entry.record.unwrap().generation, record(child).generation);
        assert_eq!(entry.intent, Some(intent(1, child)));
        // The lease was written before the intent, so it is on disk too.
        let other = store.acquire(&key(), &owner(2), LIFE).await.unwrap();
        assert!(matches!(other, Acquired::Busy { .. }));
    }
}

/// The process of a connection may answer once more after the server was killed.
async fn gone(store: &PostgresStore) -> StoreError {
    loop {
        match store.load(&key()).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => return error,
        }
    }
}

/// A pool notices one by one that its connections are closed.
async fn recovered(store: &PostgresStore) -> token_core::store::Entry {
    loop {
        match store.load(&key()).await {
            Ok(entry) => return entry,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

// FAULTS.md row 5: a trigger raises the error of a full disk, since filling a disk takes root and
// time.
#[tokio::test]
async fn a_full_disk_takes_no_intent_and_keeps_the_record() {
    let place = Place::direct().await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    place.sql(
        "CREATE OR REPLACE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE disk_full USING MESSAGE = 'could not extend file', DETAIL = NEW.body; END $$;
         CREATE TRIGGER no_room BEFORE UPDATE ON TOKENS FOR EACH ROW EXECUTE FUNCTION is_full()",
    );
    let error = store.write_intent(&key(), &intent(1, 1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "PostgreSQL's disk is full: 53100 could not extend file"
    );
    let child = child_of(1);
    store.commit(&key(), &child, &record(2)).await.unwrap_err();
    place.sql("DROP TRIGGER no_room ON TOKENS");
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
    assert_eq!(entry.intent, None);
    assert_eq!(
        store.commit(&key(), &child, &record(2)).await.unwrap(),
        Committed::Stored
    );
}

// FAULTS.md row 9
#[tokio::test]
async fn a_row_locked_by_another_program_is_an_error_within_the_timeout() {
    let place = Place::direct().await;
    let store = place.builder().timeout(LIMIT * 4).build().unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    let other = crate::pools::client(&place.url).await;
    let lock = format!("BEGIN; SELECT FROM \"{}\" FOR UPDATE", place.table);
    other.batch_execute(&lock).await.unwrap();
    let taken = store.acquire(&key(), &owner(1), LIFE).await.unwrap_err();
    let stored = store.commit(&key(), &Overwrite, &record(2)).await;
    for error in [taken, stored.unwrap_err()] {
        assert!(
            error.to_string().contains("57014"),
            "the server gives up first: {error}"
        );
    }
    // Reads do not wait for the lock.
    assert!(store.load(&key()).await.unwrap().record.is_some());
    other.batch_execute("COMMIT").await.unwrap();
    // An operation that timed out does not happen later.
    assert!(
        store
            .acquire(&key(), &owner(2), LIFE)
            .await
            .unwrap()
            .is_held()
    );
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().generation, record(1).generation);
}

// FAULTS.md row 5: a required synchronous standby is missing.
#[tokio::test]
async fn a_commit_without_a_synchronous_standby_is_not_reported_as_stored() {
    let (server, place) = own_server().await;
    let store = place.builder().timeout(LIMIT).build().unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    set(&server, "synchronous_standby_names = 'nobody'");
    let mut child = 1;
    let commit = async |store: &PostgresStore, child: u8| {
        let parent = child_of(child - 1);
        store.commit(&key(), &parent, &record(child)).await
    };
    // Until the server has reloaded its settings, commits succeed.
    let error = loop {
        child += 1;
        if let Err(error) = commit(&store, child).await {
            break error;
        }
    };
    assert!(error.to_string().contains("in time"), "{error}");
    set(&server, "synchronous_standby_names = ''");
    let again = commit(&place.store(), child).await;
    assert_eq!(again.unwrap(), Committed::Stored);
}

fn set(server: &Postgres, setting: &str) {
    server.sql(&format!("ALTER SYSTEM SET {setting}")).unwrap();
    server.sql("SELECT pg_reload_conf()").unwrap();
}

// FAULTS.md row 34: a firewall silently drops a connection.
#[tokio::test]
async fn a_silent_connection_is_waited_for_only_once() {
    let (wire, place) = Wire::to_a_place().await;
    let store = place
        .builder()
        .timeout(LIMIT)
        .connections(1)
        .build()
        .unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    wire.fall_silent();
    let error = store.load(&key()).await.unwrap_err();
    assert!(error.to_string().contains("in time"), "{error}");
    let patient = place.builder().connections(1).build().unwrap();
    patient.load(&key()).await.unwrap();
    assert!(store.load(&key()).await.unwrap().record.is_some());
}

#[tokio::test]
async fn a_cancelled_operation_leaves_no_transaction_open() {
    let place = Place::direct().await;
    let store = place.builder().connections(1).build().unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    for polls in 1..30 {
        let (key, owner) = (key(), owner(1));
        given_up_after(polls, store.acquire(&key, &owner, LIFE)).await;
    }
    assert_eq!(
        store.commit(&key(), &Overwrite, &record(2)).await.unwrap(),
        Committed::Stored
    );
}

async fn given_up_after(mut polls: usize, future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|context| {
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if polls > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

// FAULTS.md row 46
#[test]
fn a_store_works_in_a_new_runtime_after_its_first_one_ended() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let store = first.block_on(async {
        let place = Place::direct().await;
        let builder = place.builder().notified_through(&*place.url);
        let store = builder.build().unwrap();
        store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
        store
    });
    drop(first);
    let committed = runtime().block_on(store.commit(&key(), &Overwrite, &record(2)));
    assert_eq!(committed.unwrap(), Committed::Stored);
}
