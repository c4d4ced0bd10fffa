//! The program's own pool.

use deadpool_postgres::{Manager, Pool};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Committed;
use token_postgres::PostgresStore;
use tokio_postgres::{Client, NoTls};

use crate::place::{LIFE, Place, key, owner, record, sealing};

pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn the_programs_pool_is_used_and_its_sessions_are_unchanged() {
    let place = Place::direct().await;
    let manager = Manager::new(place.url.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    pool.get()
        .await
        .unwrap()
        .batch_execute("SET application_name = 'the program'")
        .await
        .unwrap();
    let store = PostgresStore::builder(sealing("1", 1))
        .pool(pool.clone())
        .table(&place.table)
        .build()
        .unwrap();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    assert!(
        store
            .acquire(&key(), &owner(1), LIFE)
            .await
            .unwrap()
            .is_held()
    );
    let ask = "SELECT current_setting('application_name'), current_setting('synchronous_commit'), current_setting('statement_timeout')";
    let row = pool
        .get()
        .await
        .unwrap()
        .query_typed_one(ask, &[])
        .await
        .unwrap();
    let left: [&str; 3] = [row.get(0), row.get(1), row.get(2)];
    assert_eq!(left, ["the program", "on", "0"]);
}

#[tokio::test]
async fn an_exhausted_pool_is_an_error_within_the_timeout_and_not_busy() {
    let place = Place::direct().await;
    let pool = Pool::builder(Manager::new(place.url.parse().unwrap(), NoTls))
        .max_size(1)
        .build()
        .unwrap();
    let store = PostgresStore::builder(sealing("1", 1))
        .pool(pool.clone())
        .table(&place.table);
    let store = store
        .timeout(std::time::Duration::from_millis(100))
        .build()
        .unwrap();
    let taken = pool.get().await.unwrap();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap_err();
    drop(taken);
    let patient = PostgresStore::builder(sealing("1", 1))
        .pool(pool)
        .table(&place.table)
        .build()
        .unwrap();
    assert_eq!(
        patient
            .commit(&key(), &Overwrite, &record(1))
            .await
            .unwrap(),
        Committed::Stored
    );
}

#[test]
fn a_url_and_a_pool_exclude_each_other() {
    let pool = Pool::builder(Manager::new("host=h".parse().unwrap(), NoTls))
        .build()
        .unwrap();
    let both = PostgresStore::builder(sealing("1", 1))
        .url("postgres://h")
        .pool(pool)
        .build();
    assert_eq!(both.unwrap_err().field(), "pool");
}
