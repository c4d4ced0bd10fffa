//! What is told once, however many engines come and go.

use token_cache::{Event, MemoryStore, TokenPool};
use tokio::time::advance;
use tracing::Level;

use crate::program_log::Log;
use crate::vendor::{Customer, MINUTE, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn that_a_grant_ends_is_told_once_until_its_end_moves_on() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    let mut events = pool.events();
    let first_end = 1_700_000_000 + 30 * 24 * 3_600;
    vendor.grants_end(first_end);
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    for round in 0..8 {
        if round == 4 {
            vendor.grants_end(first_end + 3_600);
        }
        advance(70 * MINUTE).await;
        pool.token("alice").await.unwrap();
        assert_eq!(pool.health().at_work, 0);
    }
    drop(pool);
    let mut ends = Vec::new();
    while let Some(told) = events.next().await {
        if let Event::GrantEnds { at } = told.event {
            ends.push(at.unix_millis() / 1_000);
        }
    }
    assert_eq!(ends, [first_end, first_end + 3_600]);
}

#[tokio::test(start_paused = true)]
async fn odd_answers_of_all_accounts_are_one_warning_for_each_deployment() {
    let (log, _logging) = Log::begin(Level::WARN);
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let make = |account: &str| {
        let (host, _) = account.split_once('/').unwrap();
        Ok(Customer::of(account).at(if host == "a" {
            "a.example"
        } else {
            "b.example"
        }))
    };
    let pool = vendor.configured(TokenPool::builder(make), &store);
    let pool = pool.build().unwrap();
    vendor.be_odd();
    for _ in 0..3 {
        for account in ["a/alice", "a/bob", "b/carol"] {
            pool.token(account).await.unwrap();
        }
        advance(70 * MINUTE).await;
    }
    let lines = log.lines();
    let odd: Vec<_> = lines.iter().filter(|line| line.contains("odd")).collect();
    assert_eq!(odd.len(), 2, "{lines:?}");
    assert!(odd[0].contains("a.example") && odd[1].contains("b.example"));
}
