//! A wrong server or wrong tables are reported before a token is spent.

use token_core::TokenStore;
use token_core::store::StoreError;
use token_postgres::PostgresStore;

use crate::place::{LIFE, Place, SERVER, intent, key, owner, sealing};

fn told(error: &StoreError, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
}

/// Asserts that neither the check nor an operation succeeds.
async fn refused(store: &PostgresStore, words: &str) {
    told(&store.check().await.unwrap_err(), words);
    told(
        &store.acquire(&key(), &owner(1), LIFE).await.unwrap_err(),
        words,
    );
    told(
        &store.write_intent(&key(), &intent(1, 1)).await.unwrap_err(),
        words,
    );
}

#[tokio::test]
async fn an_error_for_missing_tables_names_the_migration() {
    let place = Place::unmigrated(SERVER.url());
    let store = place.store();
    refused(&store, "PostgresStore::migrate").await;
    store.migrate().await.unwrap();
    store.load(&key()).await.unwrap();
}

#[tokio::test]
async fn connecting_checks() {
    let password = "pass-word-17";
    let url = SERVER
        .url()
        .replace("postgres@", &format!("postgres:{password}@"));
    let url = url.trim_end_matches("postgres").to_owned() + "nowhere";
    let error = PostgresStore::connect(url, sealing("1", 1))
        .await
        .unwrap_err();
    told(&error, "3D000");
    let unreadable = PostgresStore::connect(format!("{password}://"), sealing("1", 1)).await;
    let unreadable = unreadable.unwrap_err();
    told(&unreadable, "`url` must be");
    assert!(!format!("{error} {error:?} {unreadable}").contains(password));
}

#[tokio::test]
async fn tables_of_another_version_are_refused_with_both_versions() {
    for version in [0, 2] {
        let place = Place::direct().await;
        place.sql(&format!("UPDATE TOKENS_VERSION SET version = {version}"));
        let words = format!("found version {version}, this library needs 1");
        refused(&place.store(), &words).await;
    }
    let place = Place::direct().await;
    place.sql("DELETE FROM TOKENS_VERSION");
    refused(&place.store(), "found no version").await;
}

// FAULTS.md row 5
#[tokio::test]
async fn a_read_only_server_is_refused_before_anything_is_spent() {
    let place = Place::direct().await;
    let was_writable = place.store();
    was_writable.acquire(&key(), &owner(1), LIFE).await.unwrap();
    place.sql("CREATE ROLE reader LOGIN SUPERUSER; ALTER ROLE reader SET default_transaction_read_only = on");
    let url = place.url.replace("postgres@", "reader@");
    let reader = Place {
        url,
        table: place.table.clone(),
    };
    refused(&reader.store(), "read-only").await;
}

// FAULTS.md row 5
#[tokio::test]
async fn a_server_that_becomes_read_only_takes_no_intent() {
    let server = local_servers::Postgres::start().unwrap();
    let place = Place::migrated(server.url()).await;
    let store = place.store();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    server
        .sql("ALTER SYSTEM SET default_transaction_read_only = on")
        .unwrap();
    server.sql("SELECT pg_reload_conf()").unwrap();
    let error = loop {
        match store.write_intent(&key(), &intent(1, 1)).await {
            Ok(_) => tokio::task::yield_now().await, // the server has not read its settings yet
            Err(error) => break error,
        }
    };
    told(&error, "PostgreSQL is read-only: 25006");
}

// FAULTS.md row 41, the equivalent in PostgreSQL
#[tokio::test]
async fn an_unlogged_table_is_refused() {
    let place = Place::direct().await;
    place.sql("ALTER TABLE TOKENS SET UNLOGGED");
    refused(&place.store(), "a crash would empty it").await;
}

#[tokio::test]
async fn missing_privileges_are_named() {
    let place = Place::direct().await;
    place.sql("CREATE ROLE looks_only LOGIN; GRANT SELECT ON TOKENS, TOKENS_VERSION TO looks_only");
    let url = place.url.replace("postgres@", "looks_only@");
    refused(
        &Place {
            url,
            table: place.table,
        }
        .store(),
        "needs SELECT, INSERT and UPDATE",
    )
    .await;
}

// FAULTS.md row 90
#[test]
fn invalid_settings_are_build_errors() {
    let begin = || PostgresStore::builder(sealing("1", 1));
    let cases = [
        (begin(), "`url` is missing"),
        (begin().url("nonsense"), "`url` must be"),
        (begin().url("postgres://h").table(""), "`table` must be"),
        (
            begin().url("postgres://h").schema("a\0"),
            "`schema` must be",
        ),
        (
            begin().url("postgres://h").connections(0),
            "`connections` must be",
        ),
        (
            begin().url("postgres://h").connections(usize::MAX),
            "`connections` must be",
        ),
        (
            begin()
                .url("postgres://h")
                .timeout(std::time::Duration::MAX),
            "`timeout` must be",
        ),
        (
            begin()
                .url("postgres://h")
                .timeout(std::time::Duration::ZERO),
            "`timeout` must be",
        ),
        (
            begin().url("postgres://h").notified_through("nonsense"),
            "`notified_through` must be",
        ),
    ];
    for (builder, words) in cases {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
