//! A server that can be read but not written.

use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use local_servers::{LocalServer, Postgres};
use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed};
use token_postgres::PostgresStore;

use crate::place::{LIFE, Place, child_of, intent, key, owner, record, sealing};

/// A table with a record that was stored while the server was writable.
async fn with_a_record(server: &Postgres) -> Place {
    let place = Place::migrated(server.url()).await;
    put_a_record_into(&place.store()).await;
    place
}

async fn put_a_record_into(store: &PostgresStore) {
    let stored = store
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await;
    assert_eq!(stored.unwrap(), Committed::Stored);
}

/// Asserts that a process that starts there can read everything and write nothing.
async fn serves_what_it_has(place: &Place, words: &str) {
    let store = place.store();
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.record.unwrap().body.expose(), record(1).body.expose());
    let told = store
        .wait_for_change(&key(), None, Duration::from_secs(60))
        .await;
    assert_eq!(told.unwrap().generation(), Some(record(1).generation));
    store.migrate().await.unwrap();
    let errors = [
        store.check().await.unwrap_err(),
        store.acquire(&key(), &owner(1), LIFE).await.unwrap_err(),
        store.write_intent(&key(), &intent(1, 1)).await.unwrap_err(),
        store
            .commit(&key(), &child_of(1), &record(2))
            .await
            .unwrap_err(),
        store.tombstone(&key()).await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains(words), "{error}");
    }
}

fn become_standby(server: &mut Postgres) {
    server.stop().unwrap();
    let signal = server.socket_folder().join("data/standby.signal");
    write(&signal, "").unwrap();
    set_permissions(&signal, Permissions::from_mode(0o666)).unwrap();
    server.start_again().unwrap();
}

// FAULTS.md row 68
#[tokio::test]
async fn a_standby_can_be_read_at_start_and_written_once_it_is_promoted() {
    let mut server = Postgres::start().unwrap();
    let place = with_a_record(&server).await;
    become_standby(&mut server);
    serves_what_it_has(&place, "is a standby").await;
    let store = place.store();
    store.load(&key()).await.unwrap();
    server.sql("SELECT pg_promote()").unwrap();
    assert!(
        store
            .acquire(&key(), &owner(1), LIFE)
            .await
            .unwrap()
            .is_held()
    );
}

// FAULTS.md row 68
#[tokio::test]
async fn a_read_only_server_can_be_read_at_start() {
    let server = Postgres::start().unwrap();
    let place = with_a_record(&server).await;
    server
        .sql("CREATE ROLE reader LOGIN SUPERUSER; ALTER ROLE reader SET default_transaction_read_only = on")
        .unwrap();
    let url = place.url.replace("postgres@", "reader@");
    let table = place.table;
    serves_what_it_has(&Place { url, table }, "is read-only").await;
}

// FAULTS.md row 68: a role that may only read, and a table that a crash would empty.
#[tokio::test]
async fn tables_that_may_not_be_written_can_be_read() {
    let server = Postgres::start().unwrap();
    let place = with_a_record(&server).await;
    server
        .sql(&format!(
            "CREATE ROLE looks LOGIN; GRANT SELECT ON \"{0}\", \"{0}_version\" TO looks",
            place.table
        ))
        .unwrap();
    let looks = Place {
        url: place.url.replace("postgres@", "looks@"),
        table: place.table.clone(),
    };
    assert!(looks.store().load(&key()).await.unwrap().record.is_some());
    let refused = looks.store().acquire(&key(), &owner(1), LIFE).await;
    assert!(refused.unwrap_err().to_string().contains("needs SELECT"));
    let unlogged = format!("ALTER TABLE \"{}\" SET UNLOGGED", place.table);
    server.sql(&unlogged).unwrap();
    assert!(place.store().load(&key()).await.unwrap().record.is_some());
    let refused = place.store().acquire(&key(), &owner(1), LIFE).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("a crash would empty it")
    );
}

// FAULTS.md row 68
#[tokio::test]
async fn connecting_to_a_standby_gives_a_readable_store() {
    let mut server = Postgres::start().unwrap();
    let usual = PostgresStore::builder(sealing("1", 1)).url(server.url());
    let usual = usual.build().unwrap();
    usual.migrate().await.unwrap();
    put_a_record_into(&usual).await;
    become_standby(&mut server);
    let store = PostgresStore::connect(server.url(), sealing("1", 1))
        .await
        .unwrap();
    assert!(store.load(&key()).await.unwrap().record.is_some());
    store.check().await.unwrap_err();
}
