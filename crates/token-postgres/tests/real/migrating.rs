//! Migrations, repeated and concurrent.

use local_servers::Postgres;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Committed, Record};
use token_core::{Timestamp, TokenStore};

use crate::place::{Place, SERVER, key, record};

#[tokio::test]
async fn a_repeated_migration_keeps_the_records() {
    let place = Place::direct().await;
    let store = place.store();
    let stored = store.commit(&key(), &Overwrite, &record(1)).await;
    assert_eq!(stored.unwrap(), Committed::Stored);
    store.migrate().await.unwrap();
    // Another process, which has not seen the tables yet.
    place.store().migrate().await.unwrap();
    assert!(store.load(&key()).await.unwrap().record.is_some());
    assert_eq!(place.sql("SELECT count(*) FROM TOKENS_VERSION").trim(), "1");
}

// FAULTS.md row 42
#[tokio::test(flavor = "multi_thread")]
async fn many_migrations_at_once_all_succeed() {
    for url in [SERVER.url(), crate::place::POOLER.url()] {
        let place = Place::unmigrated(url);
        let all: Vec<_> = (0..24)
            .map(|_| {
                let store = place.store();
                tokio::spawn(async move { store.migrate().await })
            })
            .collect();
        for migration in all {
            migration.await.unwrap().unwrap();
        }
        assert_eq!(place.sql("SELECT count(*) FROM TOKENS_VERSION").trim(), "1");
    }
}

#[tokio::test]
async fn the_migration_file_creates_the_default_tables() {
    let server = Postgres::start().unwrap();
    let file = include_str!("../../migrations/0001_tokens.sql");
    for _ in 0..2 {
        server.sql(file).unwrap();
    }
    let store = Place::unmigrated(server.url())
        .builder()
        .table("vendor_auth_tokens");
    store.build().unwrap().check().await.unwrap();
}

#[tokio::test]
async fn names_of_schema_and_table_are_quoted() {
    let place = Place::unmigrated(SERVER.url());
    place.sql(r#"CREATE SCHEMA "Odd ""schema""; --""#);
    let store = place
        .builder()
        .schema(r#"Odd "schema"; --"#)
        .table(r#"my "vendor_auth_tokens""#);
    let store = store.build().unwrap();
    store.migrate().await.unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    let count =
        place.sql(r#"SELECT count(*) FROM "Odd ""schema""; --"."my ""vendor_auth_tokens""""#);
    assert_eq!(count.trim(), "1");
}

#[tokio::test]
async fn due_records_are_found_by_an_index_that_is_created_once() {
    let place = Place::direct().await;
    migration_again(&place);
    let due = Record {
        due_at: Some(Timestamp::from_unix_seconds(1_700_000_000)),
        ..record(1)
    };
    let stored = place.store().commit(&key(), &Overwrite, &due).await;
    assert_eq!(stored.unwrap(), Committed::Stored);
    let plan = place.sql(
        "SET enable_seqscan = off;
         EXPLAIN SELECT key FROM TOKENS WHERE due_at <= 1700000000000 ORDER BY due_at LIMIT 100",
    );
    assert!(plan.contains("_due"), "{plan}");
    let text = place.sql("SELECT to_timestamp(due_at / 1000.0) AT TIME ZONE 'UTC' FROM TOKENS");
    assert_eq!(text.trim(), "2023-11-14 22:13:20");
}

/// Runs the file as another tool does.
fn migration_again(place: &Place) {
    let file = include_str!("../../migrations/0001_tokens.sql");
    let due = format!("\"{}_due\"", place.table);
    place.sql(
        &file
            .replace("vendor_auth_tokens_version", "TOKENS_VERSION")
            .replace("vendor_auth_tokens_due", &due)
            .replace("vendor_auth_tokens", "TOKENS"),
    );
}

#[tokio::test]
async fn existing_tables_need_no_create_privilege() {
    let place = Place::direct().await;
    place.sql("CREATE ROLE only_uses LOGIN");
    place.sql(
        "GRANT SELECT, INSERT, UPDATE ON TOKENS TO only_uses; GRANT SELECT ON TOKENS_VERSION TO only_uses",
    );
    let url = place.url.replace("postgres@", "only_uses@");
    let user = Place {
        url,
        table: place.table,
    };
    user.store().migrate().await.unwrap();
    let stored = user.store().commit(&key(), &Overwrite, &record(1)).await;
    assert_eq!(stored.unwrap(), Committed::Stored);
}
