//! Waits are notified of changes.

use std::future::poll_fn;
use std::time::Duration;

use local_servers::Postgres;
use token_core::TokenStore;
use token_core::store::CommitCondition;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::place::{Place, SERVER, child_of, key, record};

/// Far longer than any operation takes.
const LONG: Duration = Duration::from_secs(60);

/// Returns the payloads that arrive on a channel.
async fn listening(server: &Postgres, channel: &str) -> mpsc::UnboundedReceiver<String> {
    let (client, mut connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    let (hear, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(hint) = message {
                _ = hear.send(hint.payload().to_owned());
            }
        }
    });
    client
        .batch_execute(&format!("LISTEN \"{channel}\""))
        .await
        .unwrap();
    tokio::spawn(async move {
        let _open = client;
        std::future::pending::<()>().await;
    });
    heard
}

#[tokio::test]
async fn commits_and_logouts_through_a_pooler_are_notified_by_the_server() {
    let place = Place::pooled().await;
    let store = place
        .builder()
        .notified_through(SERVER.url())
        .build()
        .unwrap();
    let mut heard = listening(&SERVER, &place.table).await;
    for (condition, number) in [(CommitCondition::Overwrite, 1), (child_of(1), 2)] {
        store
            .commit(&key(), &condition, &record(number))
            .await
            .unwrap();
        assert_eq!(
            timeout(LONG, heard.recv()).await.unwrap().unwrap(),
            key().as_str()
        );
    }
    store.tombstone(&key()).await.unwrap();
    assert_eq!(
        timeout(LONG, heard.recv()).await.unwrap().unwrap(),
        key().as_str()
    );
}

#[tokio::test]
async fn a_checked_store_listens() {
    let server = Postgres::start().unwrap();
    let place = Place::migrated(server.url()).await;
    let store = place
        .builder()
        .notified_through(server.url())
        .build()
        .unwrap();
    store.check().await.unwrap();
    let listens = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SET % LISTEN %'";
    let looking = async {
        while server.sql(listens).unwrap().trim() != "1" {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, looking).await.unwrap();
}

#[tokio::test]
async fn a_wait_ends_with_or_without_notifications_and_if_they_are_unreachable() {
    let urls = [
        Some(SERVER.url()),
        None,
        Some("postgres://127.0.0.1:1".to_owned()),
    ];
    for url in urls {
        let place = Place::pooled().await;
        let mut builder = place.builder();
        if let Some(url) = url {
            builder = builder.notified_through(url);
        }
        let (waits, commits) = (builder.build().unwrap(), place.store());
        commits
            .commit(&key(), &CommitCondition::Overwrite, &record(1))
            .await
            .unwrap();
        let (key, child, condition) = (key(), record(2), child_of(1));
        let commit = commits.commit(&key, &condition, &child);
        let wait = waits.wait_for_change(&key, Some(record(1).generation), LONG * 2);
        let both = async { tokio::join!(biased; wait, commit) };
        timeout(LONG, both).await.unwrap().1.unwrap();
    }
}
