//! Pages of what is due in a large table.

use std::collections::HashSet;

use token_core::store::CommitCondition::Overwrite;
use token_core::store::{DueCursor, Record};
use token_core::{Timestamp, TokenKey, TokenStore};

use crate::place::{Place, key, record};

const ROWS: usize = 100_000;
const PAGE: usize = 1000;

/// Puts rows into a table: 100 are due at the same time, one in 10 is tombstoned.
fn fill(place: &Place) {
    place.sql(&format!(
        "INSERT INTO TOKENS (key, fingerprint, generation, body, due_at, tombstoned)
         SELECT 'acme/' || md5(number::text), decode(repeat('01', 32), 'hex'), 1, repeat('x', 200),
                CASE WHEN number % 10 = 0 THEN NULL ELSE number / 100 END, number % 10 = 0
         FROM generate_series(1, {ROWS}) AS number"
    ));
}

/// Returns the plan of the page after this position.
fn plan(place: &Place, after: (i64, &str)) -> String {
    let page = include_str!("../../src/sql/due.sql").replace("vendor_auth_tokens", "TOKENS");
    let (due_at, key) = after;
    place.sql(&format!(
        "PREPARE page (bigint, bigint, text, bigint) AS {page};
         EXPLAIN EXECUTE page (900, {due_at}, '{key}', {PAGE})"
    ))
}

#[tokio::test]
async fn each_page_of_100_000_rows_is_an_index_scan() {
    let place = Place::direct().await;
    fill(&place);
    for statistics in ["", "ANALYZE TOKENS"] {
        place.sql(statistics);
        for after in [(i64::MIN, ""), (450, "acme/8"), (899, "acme/f")] {
            let plan = plan(&place, after);
            let scans = plan.contains("Scan using") && plan.contains("_by_due");
            assert!(scans && !plan.contains("Sort"), "after {after:?}: {plan}");
        }
    }
}

#[tokio::test]
async fn a_sweep_finds_each_of_100_000_rows_once() {
    let place = Place::direct().await;
    fill(&place);
    let store = place.store();
    let (mut found, mut after): (_, Option<DueCursor>) = (HashSet::new(), None);
    loop {
        let page = store.due(Timestamp::MAX, PAGE, after.as_ref()).await;
        let page = page.unwrap();
        for due in page.due {
            assert!(found.insert(due.key.clone()), "{due:?} comes twice");
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(found.len(), ROWS - ROWS / 10);
}

#[tokio::test]
async fn a_key_of_another_program_is_skipped_and_does_not_end_the_pages() {
    let place = Place::direct().await;
    place.sql("INSERT INTO TOKENS (key, due_at) VALUES ('not a key', 1), ('\u{e9}', 1)");
    let due = Record {
        due_at: Some(Timestamp::from_unix_millis(2)),
        ..record(1)
    };
    let store = place.store();
    store.commit(&key(), &Overwrite, &due).await.unwrap();
    let (mut found, mut after): (Vec<TokenKey>, _) = (Vec::new(), None);
    for _ in 0..3 {
        let page = store.due(Timestamp::MAX, 1, after.as_ref()).await.unwrap();
        found.extend(page.due.into_iter().map(|due| due.key));
        after = page.next;
    }
    assert_eq!(found, [key()]);
    assert!(
        store
            .due(Timestamp::MAX, 1, after.as_ref())
            .await
            .unwrap()
            .next
            .is_none()
    );
}

#[tokio::test]
async fn a_role_that_only_reads_can_list_what_is_due() {
    let place = Place::direct().await;
    fill(&place);
    place.sql("CREATE ROLE lists_only LOGIN; GRANT SELECT ON TOKENS, TOKENS_VERSION TO lists_only");
    let url = place.url.replace("postgres@", "lists_only@");
    let reader = Place {
        url,
        table: place.table.clone(),
    };
    let page = reader.store().due(Timestamp::MAX, 3, None).await.unwrap();
    assert_eq!(page.due.len(), 3);
}
