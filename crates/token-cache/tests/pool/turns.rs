//! The schedule of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use token_cache::{MemoryStore, TokenPool, TokenPoolBuilder};

use crate::pass;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor};

/// A builder, and how often it has made an endpoint.
fn counting(vendor: &Vendor, store: &MemoryStore) -> (TokenPoolBuilder, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let make = move |account: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Customer::of(account))
    };
    let builder = vendor.configured(TokenPool::builder(make), store);
    (builder, made)
}

#[tokio::test(start_paused = true)]
async fn accounts_of_one_deployment_share_what_is_known_of_its_clock() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    vendor.date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + 10 * MINUTE);
    for account in ["alice", "bob"] {
        pool.token(account).await.unwrap();
    }
    let signed: Vec<_> = vendor.requests().iter().map(|it| it.signed_at).collect();
    let ahead = signed[1] - signed[0];
    assert!((599_000..601_000).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn accounts_that_come_and_go_have_one_turn_when_they_are_due() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let (builder, made) = counting(&vendor, &store);
    let pool = builder.max_in_memory(1).build().unwrap();
    drop(pool.keep_fresh());
    for _ in 0..4000 {
        pool.token("alice").await.unwrap();
        pool.token("bob").await.unwrap();
    }
    let before = made.load(Ordering::SeqCst);
    pass(55 * MINUTE).await;
    assert_eq!(vendor.requests().len(), 4);
    let made = made.load(Ordering::SeqCst) - before;
    assert!(made <= 10, "{made} engines for two refreshes");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_begins_just_after_another_was_stopped_goes_on() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    pool.keep_fresh().stop();
    drop(pool.keep_fresh());
    pass(55 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2);
    pool.token("bob").await.unwrap();
    pass(55 * MINUTE + SECOND).await;
    assert_eq!(vendor.requests_of("bob"), 2);
}
