//! Grants that the vendor refused, as the processes that come after find them.

use token_cache::{Event, MemoryStore, PoolEvents, TokenPool};
use token_core::store::Due;
use token_core::{ErrorKind, Token, TokenEndpoint, TokenStore};

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor, refresh_token};

/// Begins a grant for each account, and lets the vendor refuse to refresh those of `refused`.
pub(crate) async fn pool_with_refused(
    vendor: &Vendor,
    store: &MemoryStore,
    refused: &[&str],
) -> TokenPool {
    let pool = vendor.pool_without_logins(store).build().unwrap();
    for account in refused.iter().copied().chain(["zoe"]) {
        let cache = pool.cache(account).await.unwrap();
        cache.set_token(refresh_token(account, 0)).await.unwrap();
    }
    pass(70 * MINUTE).await;
    for account in refused {
        vendor.refuse(account);
        let error = pool.token(account).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
    pool
}

fn next_process(vendor: &Vendor, store: &MemoryStore) -> TokenPool {
    vendor.pool_without_logins(store).build().unwrap()
}

pub(crate) fn logins_needed(pool: &TokenPool) -> Vec<String> {
    let mut logins: Vec<_> = pool
        .logins_needed()
        .map(|login| login.account.to_string())
        .collect();
    logins.sort();
    logins
}

async fn rejections(mut events: PoolEvents) -> Vec<String> {
    let mut rejected = Vec::new();
    while let Some(told) = events.next().await {
        if let Event::Rejected { .. } = told.event {
            rejected.push(told.account.to_string());
        }
    }
    rejected.sort();
    rejected
}

async fn is_marked(store: &MemoryStore, account: &str) -> bool {
    let key = Customer::of(account).key();
    let record = store.load(&key).await.unwrap().record.unwrap();
    record.due_at == Some(Due::OF_REFUSED)
}

// FAULTS.md row 119
#[tokio::test(start_paused = true)]
async fn the_next_process_requests_nothing_for_refused_grants_and_lists_them() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let refused = ["alice", "bob", "carol"];
    drop(pool_with_refused(&vendor, &store, &refused).await);
    let asked = vendor.requests().len();
    let pool = next_process(&vendor, &store);
    let events = pool.events();
    drop(pool.keep_fresh());
    pass(10 * SECOND).await;
    assert_eq!(logins_needed(&pool), refused, "soon after the start");
    pass(5 * 60 * MINUTE).await;
    for account in refused {
        assert_eq!(vendor.requests_of(account), 2, "{account}");
        let health = pool.health_of(account).unwrap();
        assert_eq!(health.login_needed.unwrap().kind(), ErrorKind::Rejected);
    }
    assert!(vendor.requests().len() > asked, "another is kept alive");
    assert_eq!(pool.health().logins_needed, 3);
    drop(pool);
    assert_eq!(rejections(events).await, refused, "each is told once");
}

#[tokio::test(start_paused = true)]
async fn very_many_refused_grants_are_listed_soon_and_are_never_asked_for() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let refused: Vec<_> = (0..1_200).map(|number| format!("dead-{number}")).collect();
    let refused: Vec<_> = refused.iter().map(String::as_str).collect();
    drop(pool_with_refused(&vendor, &store, &refused).await);
    let asked = vendor.requests_of("zoe");
    let pool = next_process(&vendor, &store);
    drop(pool.keep_fresh());
    pass(MINUTE).await;
    assert_eq!(pool.health().logins_needed, refused.len());
    pass(70 * MINUTE).await;
    assert_eq!(vendor.requests_of("zoe"), asked + 1, "it is kept alive");
    assert_eq!(vendor.requests().len(), 2 * refused.len() + asked + 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_of_the_next_process_asks_the_vendor_once() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    drop(pool_with_refused(&vendor, &store, &["alice"]).await);
    for keeps_fresh in [true, false] {
        let asked = vendor.requests_of("alice");
        let pool = next_process(&vendor, &store);
        let events = pool.events();
        if keeps_fresh {
            drop(pool.keep_fresh());
            pass(10 * SECOND).await;
        }
        for _ in 0..30 {
            let error = pool.token("alice").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected);
            pass(MINUTE).await;
        }
        assert_eq!(vendor.requests_of("alice"), asked + 1);
        assert!(is_marked(&store, "alice").await);
        drop(pool);
        assert_eq!(rejections(events).await, ["alice"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_the_vendor_accepts_again_is_marked_no_more() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    drop(pool_with_refused(&vendor, &store, &["alice"]).await);
    let pool = next_process(&vendor, &store);
    drop(pool.keep_fresh());
    pass(10 * SECOND).await;
    vendor.accept("alice");
    pool.token("alice").await.unwrap();
    assert_eq!(logins_needed(&pool), [""; 0]);
    assert!(!is_marked(&store, "alice").await);
    drop(pool);
    let asked = vendor.requests_of("alice");
    drop(next_process(&vendor, &store).keep_fresh());
    let pool = next_process(&vendor, &store);
    drop(pool.keep_fresh());
    pass(70 * MINUTE).await;
    assert_eq!(logins_needed(&pool), [""; 0]);
    assert_eq!(vendor.requests_of("alice"), asked + 1, "it is kept alive");
}

#[tokio::test(start_paused = true)]
async fn a_new_grant_and_a_logout_take_the_place_of_a_mark() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    drop(pool_with_refused(&vendor, &store, &["alice", "bob"]).await);
    let pool = next_process(&vendor, &store);
    drop(pool.keep_fresh());
    pass(10 * SECOND).await;
    vendor.accept("alice");
    let other = next_process(&vendor, &store);
    let cache = other.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 1)).await.unwrap();
    _ = other.cache("bob").await.unwrap().logout().await.unwrap();
    drop(cache);
    pass(20 * MINUTE).await;
    assert_eq!(logins_needed(&pool), ["bob"], "the one that is logged out");
    assert!(!is_marked(&store, "alice").await);
    let last = next_process(&vendor, &store);
    drop(last.keep_fresh());
    pass(20 * MINUTE).await;
    assert_eq!(logins_needed(&last), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn another_process_that_keeps_the_grant_fresh_sends_nothing_either() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let [one, other] = [(), ()].map(|()| next_process(&vendor, &store));
    let cache = one.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    other.token("alice").await.unwrap();
    drop(other.keep_fresh());
    pass(40 * MINUTE).await;
    vendor.refuse("alice");
    let cache = one.cache("alice").await.unwrap();
    let generation = cache.token().await.unwrap().generation();
    _ = cache.refresh_if(generation).await.unwrap_err();
    let asked = vendor.requests_of("alice");
    pass(120 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), asked);
    assert_eq!(logins_needed(&other), ["alice"]);
}

#[tokio::test(start_paused = true)]
async fn a_live_token_of_a_refused_grant_is_handed_out_until_it_ends() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = next_process(&vendor, &store);
    let cache = before.cache("alice").await.unwrap();
    let token = cache.set_token(refresh_token("alice", 0)).await.unwrap();
    vendor.refuse("alice");
    _ = cache.refresh_if(token.generation()).await.unwrap_err();
    drop((before, cache));
    assert!(is_marked(&store, "alice").await);
    let pool = next_process(&vendor, &store);
    drop(pool.keep_fresh());
    pass(10 * SECOND).await;
    assert_eq!(logins_needed(&pool), ["alice"]);
    assert_eq!(
        pool.token("alice").await.unwrap().access().expose(),
        token.access().expose()
    );
    assert_eq!(vendor.requests_of("alice"), 2);
    pass(61 * MINUTE).await;
    let error = pool.token("alice").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(vendor.requests_of("alice"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_mark_changes_nothing_else() {
    let (vendor, memory) = (Vendor::new(), MemoryStore::new());
    let store = Unreliable::over(memory.clone());
    let builder = vendor.pool_without_logins(&memory).store(store.clone());
    let pool = builder.build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(cache);
    pass(70 * MINUTE).await;
    vendor.refuse("alice");
    store.fail_commits(true);
    let error = pool.token("alice").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    store.fail_commits(false);
    pass(60 * MINUTE).await;
    assert!(!is_marked(&memory, "alice").await);
    assert_eq!((pool.health().at_work, logins_needed(&pool).len()), (0, 1));
    assert_eq!(vendor.requests_of("alice"), 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_refused_grants_are_in_memory_than_there_is_room_for() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let refused = ["alice", "bob", "carol", "dave"];
    drop(pool_with_refused(&vendor, &store, &refused).await);
    let builder = vendor.pool_without_logins(&store).max_in_memory(2);
    let pool = builder.build().unwrap();
    drop(pool.keep_fresh());
    for _ in 0..6 {
        pass(10 * MINUTE).await;
        assert_eq!(pool.health().in_memory, 2);
    }
    for account in refused {
        assert_eq!(vendor.requests_of(account), 2, "{account}");
    }
    pool.token("zoe").await.unwrap();
    assert_eq!(pool.health().in_memory, 2, "they make room for others");
}

#[tokio::test(start_paused = true)]
async fn a_new_initial_token_is_tried_in_the_place_of_a_refused_grant() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    drop(pool_with_refused(&vendor, &store, &["alice"]).await);
    let with_initial = |initial: Token| {
        let make = move |account: &str| {
            let endpoint = Customer::of(account).without_login();
            let account = token_cache::PoolAccount::of(endpoint);
            Ok(account.initial_token(initial.clone()))
        };
        vendor.configured(TokenPool::builder(make), &store)
    };
    let asked = vendor.requests_of("alice");
    for (tried, expected) in [
        (refresh_token("alice", 7), 2),
        (refresh_token("alice", 7), 0),
    ] {
        let before = vendor.requests_of("alice");
        let pool = with_initial(tried).build().unwrap();
        drop(pool.keep_fresh());
        pass(40 * MINUTE).await;
        assert_eq!(vendor.requests_of("alice"), before + expected);
        assert_eq!(logins_needed(&pool), ["alice"]);
    }
    vendor.accept("alice");
    let pool = with_initial(refresh_token("alice", 1)).build().unwrap();
    let events = pool.events();
    drop(pool.keep_fresh());
    pass(10 * SECOND).await;
    assert_eq!(logins_needed(&pool), [""; 0]);
    assert!(vendor.requests_of("alice") > asked + 2);
    drop(pool);
    assert_eq!(rejections(events).await, [""; 0]);
}
