//! Tokens that are refreshed though nobody asks.

use token_cache::test_util::RuntimeClock;
use token_cache::{Event, MemoryStore, TokenPool};
use token_core::{ErrorKind, Generation, Timestamp, TokenEndpoint, TokenStore};

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor, refresh_token};

async fn stored_generation(store: &MemoryStore, account: &str) -> u64 {
    let entry = store.load(&Customer::of(account).key()).await.unwrap();
    entry.generation().map_or(0, Generation::number)
}

#[tokio::test(start_paused = true)]
async fn tokens_in_memory_are_refreshed_when_they_are_due() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("before").await.unwrap();
    let keeping = pool.keep_fresh();
    pool.token("after").await.unwrap();
    pass(3 * 60 * MINUTE).await;
    for account in ["before", "after"] {
        assert!(pool.fresh(account).is_some(), "{account}");
        assert!((4..=5).contains(&vendor.requests_of(account)), "{account}");
    }
    keeping.stop();
    pass(3 * 60 * MINUTE).await;
    assert!(pool.fresh("before").is_none());
    assert!(vendor.requests().len() <= 10);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_forward_makes_tokens_due() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let clock = RuntimeClock::at(Timestamp::from_unix_seconds(1_700_000_000));
    let pool = vendor.pool(&store).clock(clock.clone()).build().unwrap();
    pool.token("alice").await.unwrap();
    drop(pool.keep_fresh());
    pass(MINUTE).await;
    clock.step_wall(2 * 60 * 60 * 1000);
    pass(5 * SECOND).await;
    assert_eq!(vendor.requests_of("alice"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_task_does_nothing_and_a_later_one_goes_on() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    let keeping = pool.keep_fresh();
    pool.keep_fresh().stop();
    pass(50 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2);
    keeping.stop();
    tokio::task::yield_now().await;
    pass(60 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2);
    drop(pool.keep_fresh());
    pass(2 * SECOND).await;
    assert_eq!(vendor.requests_of("alice"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pool_leaves_no_task_behind() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    let mut events = pool.events();
    drop(pool.keep_fresh());
    drop(pool);
    pass(120 * MINUTE).await;
    assert_eq!(vendor.requests().len(), 1);
    while let Some(event) = events.next().await {
        assert_eq!(&*event.account, "alice");
    }
}

#[tokio::test(start_paused = true)]
async fn grants_that_only_the_store_has_stay_alive() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = vendor.pool(&store).build().unwrap();
    for number in 0..1200 {
        before.token(&format!("customer-{number}")).await.unwrap();
    }
    drop(before);
    let pool = vendor.pool(&store).build().unwrap();
    drop(pool.keep_fresh());
    pass(60 * MINUTE).await;
    for number in 0..1200 {
        let account = format!("customer-{number}");
        assert_eq!(stored_generation(&store, &account).await, 2, "{account}");
    }
    assert_eq!(vendor.requests().len(), 2400);
    assert_eq!(pool.health().in_memory, 0, "nobody asked for them");
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_the_sweep() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = vendor.pool(&store).build().unwrap();
    for number in 0..300 {
        before.token(&format!("customer-{number}")).await.unwrap();
    }
    drop(before);
    let pools = [(), ()].map(|()| vendor.pool(&store).build().unwrap());
    for pool in &pools {
        drop(pool.keep_fresh());
    }
    pass(70 * MINUTE).await;
    assert_eq!(vendor.requests().len(), 600, "each was refreshed once");
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_account_has_another_key_is_left_alone() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let elsewhere = |account: &str| Ok(Customer::of(account).at("eu.acme.example"));
    let before = vendor
        .configured(TokenPool::builder(elsewhere), &store)
        .build()
        .unwrap();
    before.token("alice").await.unwrap();
    let pool = vendor.pool(&store).build().unwrap();
    let mut events = pool.events();
    drop(pool.keep_fresh());
    pass(70 * MINUTE).await;
    let event = events.next().await.unwrap();
    assert_eq!(&*event.account, "alice");
    let Event::Failed { error, .. } = event.event else {
        panic!("{:?}", event.event);
    };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(vendor.requests().len(), 1);

    let named = vendor.pool(&store).account_of(|_| None).build().unwrap();
    let mut events = named.events();
    drop(named.keep_fresh());
    pass(70 * MINUTE).await;
    drop(named);
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_down_is_asked_twice_a_minute_for_each_account_at_most() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    drop(pool.keep_fresh());
    vendor.go_down(true);
    pass(90 * MINUTE).await;
    let asked = vendor.requests_of("alice") - 1;
    assert!((2..=100).contains(&asked), "{asked}");
    vendor.go_down(false);
    pass(10 * MINUTE).await;
    assert!(pool.fresh("alice").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refused_grant_is_not_sent_again_and_a_new_one_in_the_store_is_found() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let build = || vendor.pool_without_logins(&store).build().unwrap();
    let (pool, other) = (build(), build());
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    drop(pool.keep_fresh());
    vendor.refuse("alice");
    pass(120 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2, "one refresh was refused");
    assert_eq!(pool.logins_needed().count(), 1);
    vendor.accept("alice");
    let cache = other.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 1)).await.unwrap();
    drop(cache);
    pass(20 * MINUTE).await;
    assert_eq!(pool.logins_needed().count(), 0);
    pass(60 * MINUTE).await;
    assert!(pool.fresh("alice").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_list_its_keys_is_reported_once() {
    let vendor = Vendor::new();
    let pool = vendor
        .pool(&MemoryStore::new())
        .store(Unreliable::over(MemoryStore::new()));
    let pool = pool.build().unwrap();
    let mut events = pool.events();
    drop(pool.keep_fresh());
    pass(10 * MINUTE).await;
    drop(pool);
    let event = events.next().await.unwrap();
    assert!(
        matches!(event.event, Event::StoreWarning { .. }),
        "{event:?}"
    );
    assert!(events.next().await.is_none());
}
