//! Accounts that leave memory.

use std::time::Duration;

use token_cache::{Drained, MemoryStore};
use tokio::time::advance;

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{MINUTE, SECOND, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn what_leaves_memory_comes_back_from_the_store_without_an_exchange() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(10).build().unwrap();
    for number in 0..100 {
        pool.token(&format!("customer-{number}")).await.unwrap();
        advance(Duration::from_millis(10)).await;
    }
    assert!(pool.health().in_memory <= 11, "{:?}", pool.health());
    assert!(pool.health().evicted >= 89, "{:?}", pool.health());
    for number in 0..100 {
        let token = pool.token(&format!("customer-{number}")).await.unwrap();
        let expected = format!("access-customer-{number}-1");
        assert_eq!(token.access().expose(), expected);
    }
    assert_eq!(vendor.requests().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_stays_and_what_is_not_leaves() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(20).build().unwrap();
    let regulars: Vec<_> = (0..5).map(|number| format!("regular-{number}")).collect();
    let cache = pool.cache("held").await.unwrap();
    for number in 0..500 {
        pool.token(&format!("passer-by-{number}")).await.unwrap();
        for regular in &regulars {
            pool.token(regular).await.unwrap();
        }
    }
    let stayed = regulars
        .iter()
        .filter(|regular| pool.fresh(regular).is_some());
    assert!(stayed.count() >= 4);
    assert_eq!(vendor.requests().len(), 505, "nothing was requested twice");
    assert_eq!(pool.health().at_work, 1);
    drop(cache);
}

#[tokio::test(start_paused = true)]
async fn those_that_were_too_many_at_work_leave_when_they_come_to_rest() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(10).build().unwrap();
    let mut at_work = Vec::new();
    for number in 0..50 {
        let cache = pool.cache(&format!("customer-{number}")).await.unwrap();
        cache.token().await.unwrap();
        at_work.push(cache);
    }
    assert_eq!(pool.health().at_work, 50);
    drop(at_work);
    let health = pool.health();
    assert_eq!((health.in_memory, health.evicted), (10, 40), "{health:?}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_has_not_acknowledged_does_not_leave_memory() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let store = Unreliable::over(store);
    let builder = vendor.pool_without_logins(&MemoryStore::new());
    let pool = builder
        .store(store.clone())
        .max_in_memory(1)
        .build()
        .unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    advance(50 * MINUTE).await;
    store.fail_commits(true);
    pool.token("alice").await.unwrap();
    pass(SECOND).await;
    for number in 0..20 {
        _ = pool.token_within(&format!("other-{number}"), SECOND).await;
    }
    let newest = pool.token("alice").await.unwrap();
    assert_eq!(newest.access().expose(), "access-alice-2");
    store.fail_commits(false);
    assert_eq!(pool.drain(MINUTE).await, Drained::Settled);
    // It is in the store now, and may leave.
    for number in 0..20 {
        _ = pool.token_within(&format!("other-{number}"), SECOND).await;
    }
    advance(10 * MINUTE).await;
    let newest = pool.token("alice").await.unwrap();
    assert_eq!(newest.access().expose(), "access-alice-2");
    assert_eq!(vendor.requests_of("alice"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_vendor_asked_for_is_kept_though_others_need_the_room() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(1).build().unwrap();
    vendor.busy_for("greedy", 10 * MINUTE);
    for _ in 0..3 {
        _ = pool.token_within("greedy", SECOND).await.unwrap_err();
        for number in 0..20 {
            pool.token(&format!("other-{number}")).await.unwrap();
        }
        pass(MINUTE).await;
    }
    assert_eq!(vendor.requests_of("greedy"), 1, "it asked for ten minutes");
    advance(10 * MINUTE).await;
    pool.token("another").await.unwrap();
    assert_eq!(pool.health().failing, 0, "it may leave now");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_does_not_come_back_as_a_good_one_from_the_store() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(1).build().unwrap();
    let token = pool.token("alice").await.unwrap();
    pool.invalidate("alice", &token);
    for other in ["bob", "carol", "dave"] {
        pool.token(other).await.unwrap();
        advance(2 * SECOND).await;
    }
    let next = pool.token("alice").await.unwrap();
    assert_eq!(next.access().expose(), "access-alice-2");
}
