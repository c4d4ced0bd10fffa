//! Concurrent writes to one row.

use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{CommitCondition, Committed};
use tokio_postgres::Client;

use crate::place::{Place, child_of, key, record};
use crate::pools::client;
use crate::wire::Wire;

/// A transaction of another program that locks the row, or has inserted it without a commit.
struct Other(Client);

impl Other {
    async fn begins(place: &Place, sql: &str) -> Self {
        let client = client(&place.url).await;
        let sql = sql.replace("TOKENS", &format!("\"{}\"", place.table));
        client
            .batch_execute(&format!("BEGIN; {sql}"))
            .await
            .unwrap();
        Self(client)
    }

    /// Commits once another transaction waits for it.
    async fn ends(self, place: &Place) {
        self.is_waited_for(place).await;
        self.0.batch_execute("COMMIT").await.unwrap();
    }

    async fn is_waited_for(&self, place: &Place) {
        let waits = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\"{}\"%'",
            place.table
        );
        while place.sql(&waits).trim() != "1" {
            tokio::task::yield_now().await;
        }
    }
}

fn made(key: &str) -> String {
    format!("INSERT INTO TOKENS (key) VALUES ('{key}')")
}

#[tokio::test]
async fn a_commit_whose_row_is_created_meanwhile_is_stored() {
    for condition in [Overwrite, CommitCondition::UnlessTombstoned] {
        let place = Place::direct().await;
        let store = place.store();
        let other = Other::begins(&place, &made(key().as_str())).await;
        let (key, record) = (key(), record(1));
        let (committed, ()) =
            tokio::join!(store.commit(&key, &condition, &record), other.ends(&place));
        assert_eq!(committed.unwrap(), Committed::Stored, "{condition:?}");
        assert!(store.load(&key).await.unwrap().record.is_some());
    }
}

#[tokio::test]
async fn a_logout_whose_row_is_created_meanwhile_leaves_its_tombstone() {
    let place = Place::direct().await;
    let store = place.store();
    let other = Other::begins(&place, &made(key().as_str())).await;
    let key = key();
    let (removed, ()) = tokio::join!(store.tombstone(&key), other.ends(&place));
    assert!(removed.unwrap().is_none());
    assert!(store.load(&key).await.unwrap().tombstoned);
}

// FAULTS.md row 55: the row that the first one left is judged, not the row that the second one saw
// first.
#[tokio::test]
async fn a_commit_that_waited_for_a_lock_judges_the_new_row() {
    let bytes = |number: u8| format!("decode(repeat('{number:02x}', 32), 'hex')");
    let newer = format!(
        "UPDATE TOKENS SET generation = 3, fingerprint = {}",
        bytes(1)
    );
    for (meanwhile, answer, left) in [
        (newer.as_str(), Committed::Lost, Some(3)),
        (
            "UPDATE TOKENS SET generation = 0",
            Committed::Stored,
            Some(2),
        ),
        (
            "UPDATE TOKENS SET tombstoned = true, fingerprint = NULL, generation = NULL, body = NULL",
            Committed::Tombstoned,
            None,
        ),
        (
            "UPDATE TOKENS SET fingerprint = NULL, generation = NULL, body = NULL",
            Committed::Missing,
            None,
        ),
    ] {
        let place = Place::direct().await;
        let store = place.store();
        store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
        let other = Other::begins(&place, meanwhile).await;
        let (key, condition) = (key(), child_of(1));
        let child = record(2);
        let (committed, ()) =
            tokio::join!(store.commit(&key, &condition, &child), other.ends(&place));
        assert_eq!(committed.unwrap(), answer, "after {meanwhile}");
        let generation = place.sql("SELECT generation FROM TOKENS");
        assert_eq!(generation.trim().parse().ok(), left, "after {meanwhile}");
    }
}

// FAULTS.md row 62
#[tokio::test]
async fn a_logout_that_waited_for_a_lock_returns_the_new_record() {
    let place = Place::direct().await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    // The same grant, one generation on.
    let elsewhere = Place::direct().await;
    let newer = elsewhere
        .store()
        .commit(&key(), &Overwrite, &record(2))
        .await;
    assert_eq!(newer.unwrap(), Committed::Stored);
    let moves_on = format!(
        "UPDATE TOKENS SET (fingerprint, generation, body) = (SELECT fingerprint, generation, body FROM \"{}\")",
        elsewhere.table
    );
    let other = Other::begins(&place, &moves_on).await;
    let key = key();
    let (removed, ()) = tokio::join!(store.tombstone(&key), other.ends(&place));
    assert_eq!(
        removed.unwrap().map(|record| record.generation),
        Some(record(2).generation)
    );
    let entry = store.load(&key).await.unwrap();
    assert_eq!(entry.tombstoned_generation, Some(record(2).generation));
}

// FAULTS.md row 62
#[tokio::test]
async fn a_logout_whose_answer_is_lost_returns_what_it_removed() {
    let (wire, place) = Wire::to_a_place().await;
    let store = place.builder().connections(1).build().unwrap();
    let stored = store.commit(&key(), &Overwrite, &record(1)).await;
    assert_eq!(stored.unwrap(), Committed::Stored);
    let writes = Other::begins(&place, "SELECT FROM TOKENS FOR UPDATE").await;
    let key = key();
    let loses = async {
        writes.is_waited_for(&place).await;
        wire.lose_an_answer();
        writes.ends(&place).await;
    };
    let (removed, ()) = tokio::join!(store.tombstone(&key), loses);
    let removed = removed.unwrap().map(|record| record.generation);
    assert_eq!(removed, Some(record(1).generation));
    assert!(place.store().load(&key).await.unwrap().tombstoned);
}
