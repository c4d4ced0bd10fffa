//! Engines that work for an account: each ends when nobody needs it.

use std::time::Duration;

use token_cache::{Drained, MemoryStore};
use tokio::time::{advance, timeout};

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{MINUTE, SECOND, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn an_engine_ends_though_a_caller_did_not_wait_for_the_store() {
    let vendor = Vendor::new();
    let store = Unreliable::over(MemoryStore::new());
    let builder = vendor.pool(&MemoryStore::new()).store(store.clone());
    let pool = builder.build().unwrap();
    pool.token("alice").await.unwrap();
    advance(70 * MINUTE).await;
    store.be_slow();
    let cache = pool.cache("alice").await.unwrap();
    let asked = timeout(Duration::from_millis(10), cache.grant_state()).await;
    assert!(asked.is_err());
    drop(cache);
    pass(5 * SECOND).await;
    assert_eq!(pool.health().at_work, 0);
}

#[tokio::test(start_paused = true)]
async fn an_engine_ends_though_the_caller_of_its_logout_did_not_wait() {
    let vendor = Vendor::new();
    let store = Unreliable::over(MemoryStore::new());
    let builder = vendor.pool_without_logins(&MemoryStore::new());
    let pool = builder.store(store.clone()).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    store.be_slow();
    let logging_out = timeout(Duration::from_millis(10), cache.logout()).await;
    assert!(logging_out.is_err());
    drop(cache);
    pass(5 * SECOND).await;
    assert_eq!(pool.health().at_work, 0);
    assert!(pool.health_of("alice").unwrap().logged_out, "it went on");
}

#[tokio::test(start_paused = true)]
async fn an_engine_ends_though_somebody_waited_for_it_to_drain() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let asking = pool.clone();
    let asked = tokio::spawn(async move { asking.token("alice").await.map(drop) });
    tokio::task::yield_now().await;
    assert_eq!(pool.health().at_work, 1);
    let (drained, asked) = tokio::join!(pool.drain(MINUTE), asked);
    asked.unwrap().unwrap();
    assert_eq!(drained, Drained::Settled);
    pass(SECOND).await;
    assert_eq!(pool.health().at_work, 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_cache_is_held_is_refreshed_without_traffic() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.token().await.unwrap();
    drop(pool.keep_fresh());
    pass(110 * MINUTE).await;
    assert!((3..=4).contains(&vendor.requests_of("alice")));
    assert!(cache.current().is_some());
}
