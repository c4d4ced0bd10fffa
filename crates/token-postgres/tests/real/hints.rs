//! Waits are notified of changes.

use std::future::poll_fn;
use std::time::Duration;

use local_servers::Postgres;
use token_core::store::CommitCondition;
use token_core::{TokenKey, TokenStore};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::place::{LIFE, POOLER, Place, SERVER, child_of, key, owner, record};

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
        .batch_execute(&format!("LISTEN \"{}\"", channel.replace('"', "\"\"")))
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
async fn a_release_is_notified_if_it_freed_the_lease() {
    let place = Place::pooled().await;
    let store = place.builder().notified_through(SERVER.url());
    let store = store.build().unwrap();
    let mut heard = listening(&SERVER, &place.table).await;
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    store.release(&key(), &owner(2)).await.unwrap();
    // Notifications of one store arrive in order, so this one is the first.
    let other = TokenKey::of("a", "b", "other");
    store.tombstone(&other).await.unwrap();
    let first = timeout(LONG, heard.recv()).await.unwrap().unwrap();
    assert_eq!(first, other.as_str());
    store.release(&key(), &owner(1)).await.unwrap();
    let second = timeout(LONG, heard.recv()).await.unwrap().unwrap();
    assert_eq!(second, key().as_str());
}

#[tokio::test]
async fn a_table_with_an_odd_name_is_listened_to_and_notified() {
    let (url, table) = (POOLER.url(), "odd \"table\"".to_owned());
    let place = Place { url, table };
    let store = place.builder().notified_through(SERVER.url());
    let store = store.build().unwrap();
    store.migrate().await.unwrap();
    let mut heard = listening(&SERVER, &place.table).await;
    store.tombstone(&key()).await.unwrap();
    let payload = timeout(LONG, heard.recv()).await.unwrap().unwrap();
    assert_eq!(payload, key().as_str());
    // Nothing changes any more, and no lease is held: only a notification ends the wait.
    let listens = place.builder().notified_through(SERVER.url());
    let (listens, key) = (listens.build().unwrap(), key());
    let wait = listens.wait_for_change(&key, None, LONG * 2);
    timeout(LONG, wait).await.unwrap();
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
        // A wait may end early if no lease is held.
        commits.acquire(&key(), &owner(1), LIFE).await.unwrap();
        let (key, child, condition) = (key(), record(2), child_of(1));
        let commit = commits.commit(&key, &condition, &child);
        let wait = waits.wait_for_change(&key, Some(record(1).generation), LONG * 2);
        let both = async { tokio::join!(biased; wait, commit) };
        let (told, committed) = timeout(LONG, both).await.unwrap();
        committed.unwrap();
        assert_eq!(told.unwrap().generation(), Some(child.generation));
    }
}
