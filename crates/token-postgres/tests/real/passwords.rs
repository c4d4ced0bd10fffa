//! Passwords that change while the program runs.

use std::fs::{read_to_string, write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_servers::Postgres;
use token_core::store::{CommitCondition, Committed, StoreError};
use token_core::{Secret, TokenStore};
use token_postgres::PostgresStoreBuilder;
use tokio::time::timeout;

use crate::place::{Place, child_of, key, record};

const LONG: Duration = Duration::from_secs(60);

/// A server that requires a password of the role `tokens`.
async fn server() -> (Postgres, Place) {
    let server = Postgres::start().unwrap();
    let rules = server.socket_folder().join("data/pg_hba.conf");
    let trusting = read_to_string(&rules).unwrap();
    write(
        &rules,
        format!("host all tokens all scram-sha-256\n{trusting}"),
    )
    .unwrap();
    server.sql("CREATE ROLE tokens LOGIN SUPERUSER").unwrap();
    server.sql("SELECT pg_reload_conf()").unwrap();
    let migrated = Place::migrated(server.url()).await;
    let place = Place {
        url: migrated.url.replace("postgres@", "tokens:outdated@"),
        table: migrated.table,
    };
    (server, place)
}

/// The source of a program's password.
#[derive(Clone, Default)]
struct Vault(Arc<Mutex<Option<String>>>);

impl Vault {
    fn rotate(&self, server: &Postgres, password: &str) {
        server
            .sql(&format!("ALTER ROLE tokens PASSWORD '{password}'"))
            .unwrap();
        *self.0.lock().unwrap() = Some(password.to_owned());
        // As a failover or an operator does: no connection with the old password is left.
        server
            .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tokens'")
            .unwrap();
    }

    fn told_to(&self, builder: PostgresStoreBuilder) -> PostgresStoreBuilder {
        let vault = self.clone();
        builder.password_source(move || {
            let password = vault.0.lock().unwrap().clone();
            async move {
                password
                    .map(Secret::from)
                    .ok_or_else(|| StoreError::new("the vault is sealed"))
            }
        })
    }
}

/// A connection that the server closed is noticed when it is used.
async fn stored(store: &impl TokenStore, number: u8) -> Committed {
    let condition = match number {
        1 => CommitCondition::Overwrite,
        _ => child_of(number - 1),
    };
    let storing = async {
        loop {
            match store.commit(&key(), &condition, &record(number)).await {
                Ok(committed) => return committed,
                Err(error) if error.to_string().contains("28P01") => panic!("{error}"),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    timeout(LONG, storing).await.unwrap()
}

// FAULTS.md row 95
#[tokio::test]
async fn a_password_can_be_rotated_while_the_program_runs() {
    let (server, place) = server().await;
    let vault = Vault::default();
    let store = vault.told_to(place.builder()).build().unwrap();
    for (number, password) in [(1, "spring"), (2, "summer"), (3, "autumn")] {
        vault.rotate(&server, password);
        assert_eq!(
            stored(&store, number).await,
            Committed::Stored,
            "{password}"
        );
    }
}

// FAULTS.md row 95
#[tokio::test]
async fn the_notification_connection_uses_the_rotated_password_too() {
    let (server, place) = server().await;
    let vault = Vault::default();
    vault.rotate(&server, "spring");
    let listens = place.builder().notified_through(&*place.url);
    let store = vault.told_to(listens).build().unwrap();
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tokens' AND query LIKE 'SET % LISTEN %'";
    store.check().await.unwrap();
    let heard = async {
        while server.sql(listening).unwrap().trim() != "1" {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, heard).await.unwrap();
}

// FAULTS.md row 95
#[tokio::test]
async fn a_failing_password_source_is_a_store_error() {
    let (server, place) = server().await;
    let vault = Vault::default();
    let store = vault.told_to(place.builder()).build().unwrap();
    let error = store.load(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "the vault is sealed");
    vault.rotate(&server, "spring");
    assert_eq!(stored(&store, 1).await, Committed::Stored);
    // The password of the URL alone is refused, and not shown.
    let error = place.store().load(&key()).await.unwrap_err().to_string();
    assert!(
        error.contains("28P01") && !error.contains("outdated"),
        "{error}"
    );
}
