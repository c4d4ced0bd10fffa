//! Migrations, repeated and concurrent.

use local_servers::Postgres;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Committed, Record};
use token_core::{Timestamp, TokenStore};

use crate::place::{Place, SERVER, key, record};

const FILES: [&str; 2] = [
    include_str!("../../migrations/0001_tokens.sql"),
    include_str!("../../migrations/0002_due.sql"),
];

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
async fn the_migration_files_create_the_default_tables() {
    let server = Postgres::start().unwrap();
    for _ in 0..2 {
        for file in FILES {
            server.sql(file).unwrap();
        }
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
async fn the_files_can_be_run_again_by_another_tool() {
    let place = Place::direct().await;
    let due = Record {
        due_at: Some(Timestamp::from_unix_seconds(1_700_000_000)),
        ..record(1)
    };
    let stored = place.store().commit(&key(), &Overwrite, &due).await;
    assert_eq!(stored.unwrap(), Committed::Stored);
    files_again(&place);
    let text = place.sql("SELECT to_timestamp(due_at / 1000.0) AT TIME ZONE 'UTC' FROM TOKENS");
    assert_eq!(text.trim(), "2023-11-14 22:13:20");
    assert_eq!(indexes(&place), ["_by_due", "_pkey"]);
}

/// Runs the files as another tool does.
fn files_again(place: &Place) {
    let name = |suffix| format!("\"{}{suffix}\"", place.table);
    for file in FILES {
        place.sql(
            &file
                .replace("vendor_auth_tokens_version", "TOKENS_VERSION")
                .replace("vendor_auth_tokens_by_due", &name("_by_due"))
                .replace("vendor_auth_tokens_due", &name("_due"))
                .replace("vendor_auth_tokens", "TOKENS"),
        );
    }
}

/// Returns the ends of the names of the table's indexes.
fn indexes(place: &Place) -> Vec<String> {
    let names = place.sql(&format!(
        "SELECT indexname FROM pg_indexes WHERE tablename = '{}' ORDER BY indexname",
        place.table
    ));
    let ends = names.lines().map(|name| name.replace(&place.table, ""));
    ends.collect()
}

/// Puts a table into the state that earlier versions left.
fn take_back(place: &Place) {
    place.sql(&format!(
        "DROP INDEX \"{0}_by_due\";
         CREATE INDEX \"{0}_due\" ON TOKENS (due_at) WHERE due_at IS NOT NULL",
        place.table
    ));
}

#[tokio::test]
async fn a_table_of_an_earlier_version_gets_the_index() {
    let place = Place::direct().await;
    take_back(&place);
    let store = place.store();
    let due = Record {
        due_at: Some(Timestamp::from_unix_seconds(1_700_000_000)),
        ..record(1)
    };
    store.commit(&key(), &Overwrite, &due).await.unwrap();
    // Without the index it is slower, and the same.
    let page = store.due(Timestamp::MAX, 10, None).await.unwrap();
    assert_eq!(page.due.len(), 1);
    place.store().check().await.unwrap();
    place.store().migrate().await.unwrap();
    assert_eq!(indexes(&place), ["_by_due", "_pkey"]);
    let page = store.due(Timestamp::MAX, 10, None).await.unwrap();
    assert_eq!(page.due.len(), 1);
}

#[tokio::test]
async fn a_missing_index_is_no_error_where_nothing_can_be_written() {
    let place = Place::direct().await;
    take_back(&place);
    place.sql("CREATE ROLE only_reads_here LOGIN SUPERUSER; ALTER ROLE only_reads_here SET default_transaction_read_only = on");
    let url = place.url.replace("postgres@", "only_reads_here@");
    let reader = Place {
        url,
        table: place.table.clone(),
    };
    reader.store().migrate().await.unwrap();
    assert_eq!(indexes(&place), ["_due", "_pkey"]);
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
