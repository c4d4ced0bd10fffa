//! What a refresh costs, in transactions of one row.

use std::time::Duration;

use local_servers::Postgres;
use token_core::TokenStore;
use token_core::store::{Acquired, Committed, Intended, Intent, Lineage, Record, Succession};
use token_core::{Generation, Secret};
use tokio::time::Instant;

use crate::place::{LIFE, Place, key, owner};
use crate::pools::client;

const ROUNDS: u64 = 200;
/// What the store promises of a refresh.
const MOST: f64 = 5.0;

/// All that the engine asks of the store for one refresh.
async fn refresh(store: &dyn TokenStore, parent: u64) {
    let lineage = |number: u64| Lineage([number.to_be_bytes(); 4].as_flattened().try_into().unwrap());
    let (parent, child) = (lineage(parent), parent + 1);
    let record = Record {
        lineage: lineage(child),
        generation: Generation::new(child),
        body: Secret::from("x".repeat(2000)),
    };
    let intent = Intent {
        owner: owner(1),
        lineage: Some(parent),
    };
    assert_eq!(
        store.acquire(&key(), &owner(1), LIFE).await.unwrap(),
        Acquired::Held
    );
    store.load(&key()).await.unwrap();
    assert_eq!(store.intend(&key(), &intent).await.unwrap(), Intended::Written);
    let succession = if child == 1 {
        Succession::Anew
    } else {
        Succession::ChildOf(parent)
    };
    assert_eq!(
        store.commit(&key(), &succession, &record).await.unwrap(),
        Committed::Stored
    );
    store.release(&key(), &owner(1)).await.unwrap();
}

fn median(mut spans: Vec<Duration>) -> f64 {
    spans.sort();
    spans.get(spans.len() / 2).unwrap().as_secs_f64()
}

/// Both take turns, so that whatever else the machine does slows both down.
#[tokio::test]
async fn a_refresh_costs_at_most_five_bare_transactions() {
    let server = Postgres::with().setting("fsync", "on").start().unwrap();
    let place = Place::migrated(server.url()).await;
    let store = place.store();
    let bare = client(&place.url).await;
    bare.batch_execute("CREATE TABLE bare (id int PRIMARY KEY, text text); INSERT INTO bare VALUES (1, '')")
        .await
        .unwrap();
    let update = bare
        .prepare("UPDATE bare SET text = $1 WHERE id = 1")
        .await
        .unwrap();
    let (mut refreshes, mut transactions) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let began = Instant::now();
        refresh(&store, round).await;
        refreshes.push(began.elapsed());
        let began = Instant::now();
        bare.execute(&update, &[&"x".repeat(2000)]).await.unwrap();
        transactions.push(began.elapsed());
    }
    let (refresh, transaction) = (median(refreshes), median(transactions));
    let ratio = refresh / transaction;
    println!(
        "a refresh {:.2} ms, a bare transaction {:.2} ms: {ratio:.2}",
        refresh * 1e3,
        transaction * 1e3
    );
    assert!(ratio <= MOST, "a refresh costs {ratio:.1} bare transactions");
}
