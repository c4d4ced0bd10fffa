//! Accounts that the program forgets.

use std::time::Duration;

use token_cache::{Event, MemoryStore};
use tokio::time::advance;

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{MINUTE, SECOND, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_leaves_memory_at_once_and_the_store_keeps_its_token() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    for account in ["alice", "bob"] {
        pool.token(account).await.unwrap();
    }
    pool.forget("alice");
    pool.forget("nobody");
    assert!(pool.fresh("alice").is_none());
    assert_eq!(pool.health().in_memory, 1);
    let again = pool.token("alice").await.unwrap();
    assert_eq!(again.access().expose(), "access-alice-1");
    assert_eq!(vendor.requests_of("alice"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_that_needs_a_login_leaves_memory() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    advance(70 * MINUTE).await;
    vendor.refuse("alice");
    _ = pool.token("alice").await.unwrap_err();
    assert_eq!(pool.logins_needed().count(), 1);
    pool.forget("alice");
    assert_eq!(pool.logins_needed().count(), 0);
    assert_eq!(pool.health().in_memory, 0);
}

#[tokio::test(start_paused = true)]
async fn an_engine_of_a_forgotten_account_finishes_and_leaves_memory() {
    for is_down in [false, true] {
        let (vendor, store) = (Vendor::new(), MemoryStore::new());
        let pool = vendor.pool(&store).build().unwrap();
        vendor.go_down(is_down);
        let asking = pool.clone();
        let asked = tokio::spawn(async move {
            let asked = asking.token_within("alice", SECOND).await;
            asked.is_ok()
        });
        tokio::task::yield_now().await;
        assert_eq!(pool.health().at_work, 1);
        pool.forget("alice");
        assert_eq!(pool.health().at_work, 1, "it finishes");
        assert_ne!(asked.await.unwrap(), is_down);
        pass(SECOND).await;
        assert_eq!(pool.health().in_memory, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_stays_until_the_store_has_its_token() {
    let vendor = Vendor::new();
    let store = Unreliable::over(MemoryStore::new());
    let builder = vendor.pool(&MemoryStore::new()).store(store.clone());
    let pool = builder.build().unwrap();
    let mut events = pool.events();
    store.fail_commits(true);
    pool.token("alice").await.unwrap();
    pass(SECOND).await;
    pool.forget("alice");
    assert_eq!(pool.health().at_work, 1);
    store.fail_commits(false);
    pass(10 * MINUTE).await;
    assert_eq!(pool.health().in_memory, 0);
    drop(pool);
    let mut has_token = false;
    while let Some(told) = events.next().await {
        has_token |= matches!(told.event, Event::Persisted { .. });
    }
    assert!(has_token);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_that_a_caller_asks_for_again_is_back() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.token().await.unwrap();
    pool.forget("alice");
    pool.token("alice").await.unwrap();
    drop(cache);
    pass(Duration::from_millis(500)).await;
    let health = pool.health();
    assert_eq!((health.in_memory, health.at_work), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_in_doubt_does_not_send_its_refresh_token_again_at_once() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    advance(50 * MINUTE).await;
    vendor.take(3 * MINUTE); // longer than the exchange may take
    _ = pool.token("alice").await;
    pass(130 * SECOND).await;
    assert_eq!(vendor.requests_of("alice"), 1);
    vendor.take(SECOND / 10);
    pool.forget("alice");
    _ = pool.token("alice").await;
    pass(5 * SECOND).await;
    assert_eq!(vendor.requests_of("alice"), 1);
}
