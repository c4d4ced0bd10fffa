//! Measures a refresh as a multiple of a bare transaction of one row, both in one run, since other
//! load on the machine slows both down.
//!
//! Fails if a durable refresh takes longer than five durable transactions. Without fsync and
//! without a network, the number of messages dominates; that figure is printed for comparison.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and panics on errors"
)]

use std::time::Duration;

use local_servers::Postgres;
use token_core::store::{
    CommitCondition, Committed, Intended, Intent, Owner, Record, RefreshFingerprint,
};
use token_core::{Generation, Secret, Timestamp, TokenKey, TokenStore};
use token_postgres::PostgresStore;
use token_sealing::{Sealing, SealingKey};
use tokio::time::Instant;
use tokio_postgres::NoTls;

const ROUNDS: u64 = 500;
const MOST: f64 = 5.0;
const LIFE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for fsync in ["on", "off"] {
        let server = Postgres::with().setting("fsync", fsync).start().unwrap();
        let [refresh, transaction, statement] = measured(&server).await;
        let (ratio, to_statement) = (refresh / transaction, refresh / statement);
        println!(
            "fsync {fsync}: a refresh {refresh:.0} µs, a bare transaction of one row {transaction:.0} µs: {ratio:.2}"
        );
        println!(
            "  ({to_statement:.2} prepared statements of one round trip, {statement:.0} µs each)"
        );
        assert!(
            ratio <= MOST || fsync == "off",
            "a refresh costs {ratio:.2} bare transactions"
        );
    }
}

/// Returns medians in microseconds. The measurements alternate, so that other load on the machine
/// affects all alike.
async fn measured(server: &Postgres) -> [f64; 3] {
    let sealing = Sealing::with(SealingKey::new("1", [1; 32]).unwrap());
    let store = PostgresStore::builder(sealing)
        .url(server.url())
        .build()
        .unwrap();
    store.migrate().await.unwrap();
    let (mut bare, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let table =
        "CREATE TABLE bare (id int PRIMARY KEY, text text); INSERT INTO bare VALUES (1, '')";
    bare.batch_execute(table).await.unwrap();
    let update = bare
        .prepare("UPDATE bare SET text = $1 WHERE id = 1")
        .await
        .unwrap();
    let text = "x".repeat(2000);
    let mut spans = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let [refreshes, transactions, statements] = &mut spans;
        refreshes.push(timed(refresh(&store, round)).await);
        let transaction = async {
            let transaction = bare.transaction().await.unwrap();
            transaction.execute(&update, &[&text]).await.unwrap();
            transaction.commit().await.unwrap();
        };
        transactions.push(timed(transaction).await);
        statements.push(timed(bare.execute(&update, &[&text])).await);
    }
    spans.map(median)
}

/// All store operations of one refresh.
async fn refresh(store: &PostgresStore, parent: u64) {
    let (key, owner) = (
        TokenKey::of("acme", "api.acme.example", "user 17"),
        Owner::new([1; 16]),
    );
    let (fingerprint, child) = (fingerprint(parent), parent + 1);
    let intent = Intent {
        owner: owner.clone(),
        fingerprint: Some(fingerprint),
        generation: Generation::new(parent),
    };
    let condition = match parent {
        0 => CommitCondition::Overwrite,
        _ => CommitCondition::ParentIs(fingerprint),
    };
    let held = store.acquire(&key, &owner, LIFE).await.unwrap();
    let intended = store.write_intent(&key, &intent).await.unwrap();
    let stored = store
        .commit(&key, &condition, &record(child))
        .await
        .unwrap();
    store.release(&key, &owner).await.unwrap();
    assert!(held.is_held());
    assert_eq!((intended, stored), (Intended::Written, Committed::Stored));
}

fn record(number: u64) -> Record {
    let body = Secret::from("x".repeat(2000));
    let mut record = Record::new(fingerprint(number), Generation::new(number), body);
    record.due_at = Some(Timestamp::from_unix_seconds(
        1_700_000_000 + number.cast_signed(),
    ));
    record
}

fn fingerprint(number: u64) -> RefreshFingerprint {
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(byte, value)| *byte = value);
    RefreshFingerprint(bytes)
}

async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let began = Instant::now();
    work.await;
    began.elapsed()
}

fn median(mut spans: Vec<Duration>) -> f64 {
    spans.sort();
    spans.get(spans.len() / 2).unwrap().as_secs_f64() * 1e6
}
