//! How many exchanges are under way, and how fast they start.

use std::num::NonZeroU32;
use std::time::Duration;

use token_cache::{MemoryStore, TokenPool};
use token_core::store::{Acquired, Intended, Intent, Owner};
use token_core::{Secret, Timestamp, Token, TokenEndpoint, TokenStore, Validity};
use tokio::time::{Instant, advance, timeout};

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor};

/// Asks for the tokens of this many customers at once.
async fn ask_for(pool: &TokenPool, customers: usize) -> usize {
    let asking: Vec<_> = (0..customers)
        .map(|number| (pool.clone(), format!("customer-{number}")))
        .map(|(pool, account)| {
            tokio::spawn(async move { pool.token_within(&account, 60 * MINUTE).await.is_ok() })
        })
        .collect();
    let mut got = 0;
    for asked in asking {
        got += usize::from(asked.await.unwrap());
    }
    got
}

#[tokio::test(start_paused = true)]
async fn no_more_exchanges_are_under_way_than_allowed() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_exchanges(7).build().unwrap();
    assert_eq!(ask_for(&pool, 200).await, 200);
    assert_eq!(vendor.most_under_way(), 7);
}

fn slow_to_commit(seconds: u64) -> Unreliable {
    let store = Unreliable::over(MemoryStore::new());
    store.take_to_commit(seconds);
    store
}

#[tokio::test(start_paused = true)]
async fn an_exchange_does_not_wait_until_another_token_is_stored() {
    let (vendor, store) = (Vendor::new(), slow_to_commit(5));
    let pool = vendor.pool(&MemoryStore::new()).store(store);
    let pool = pool.max_exchanges(1).build().unwrap();
    let began = Instant::now();
    assert_eq!(ask_for(&pool, 2).await, 2);
    let took = began.elapsed();
    assert!(took < 6 * SECOND, "{took:?}");
    assert_eq!(vendor.most_under_way(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_tokens_wait_for_a_slow_store_than_twice_the_exchanges_allowed() {
    let (vendor, store) = (Vendor::new(), slow_to_commit(8));
    let pool = vendor.pool(&MemoryStore::new()).store(store);
    let pool = pool.max_exchanges(4).build().unwrap();
    let asking = pool.clone();
    let asked = tokio::spawn(async move { ask_for(&asking, 100).await });
    pass(6 * SECOND).await;
    assert_eq!(vendor.requests().len(), 8);
    asked.abort();
}

#[tokio::test(start_paused = true)]
async fn each_deployment_has_a_limit_of_its_own() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let make = |account: &str| {
        Ok(match account.ends_with('1') {
            true => Customer::of(account).at("eu.acme.example"),
            false => Customer::of(account),
        })
    };
    let pool = vendor.configured(TokenPool::builder(make), &store);
    let pool = pool.max_exchanges(5).build().unwrap();
    assert_eq!(ask_for(&pool, 200).await, 200);
    assert_eq!(vendor.most_under_way(), 10);
}

#[tokio::test(start_paused = true)]
async fn exchanges_start_no_faster_than_allowed() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let rate = NonZeroU32::new(20).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, SECOND).build().unwrap();
    let began = Instant::now();
    assert_eq!(ask_for(&pool, 200).await, 200);
    let took = began.elapsed();
    assert!((9.5..11.0).contains(&took.as_secs_f64()), "{took:?}");
    let at: Vec<_> = vendor.requests().iter().map(|request| request.at).collect();
    let fastest = at.windows(21).map(|pair| pair[20] - pair[0]).min().unwrap();
    assert!(fastest >= Duration::from_millis(950), "{fastest:?}");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_the_store_has_are_not_counted() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    assert_eq!(
        ask_for(&vendor.pool(&store).build().unwrap(), 200).await,
        200
    );
    let rate = NonZeroU32::new(1).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, MINUTE).build().unwrap();
    let began = Instant::now();
    assert_eq!(ask_for(&pool, 200).await, 200);
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    assert_eq!(vendor.requests().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_busy_is_asked_once_a_second_by_all_accounts_together() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    for number in 0..50 {
        vendor.busy_for(&format!("customer-{number}"), 2 * MINUTE);
    }
    let asking = pool.clone();
    let asked = tokio::spawn(async move { ask_for(&asking, 50).await });
    tokio::time::sleep(20 * SECOND).await;
    // The first ones were under way together.
    let in_twenty_seconds = vendor.requests().len();
    assert!(in_twenty_seconds <= 64 + 20, "{in_twenty_seconds}");
    vendor.not_busy();
    asked.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_account_that_is_asked_to_wait_does_not_stop_the_others() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    vendor.busy_for("greedy", 60 * MINUTE);
    pool.token_within("greedy", SECOND).await.unwrap_err();
    let began = Instant::now();
    assert_eq!(ask_for(&pool, 100).await, 100);
    let took = began.elapsed();
    assert!(took < 5 * SECOND, "{took:?}");
    assert_eq!(vendor.requests_of("greedy"), 1);
}

/// Another process has the lease of this customer, and may be about to spend its token.
async fn hold_elsewhere(store: &MemoryStore, account: &str, is_spending: bool) {
    let (key, other) = (Customer::of(account).key(), Owner::new([7; 16]));
    let acquired = store.acquire(&key, &other, 10 * MINUTE).await.unwrap();
    let Acquired::Held(entry) = acquired else {
        panic!("{acquired:?}");
    };
    if is_spending {
        let record = entry.record.unwrap();
        let intent = Intent {
            owner: other.clone(),
            fingerprint: Some(record.fingerprint),
            generation: record.generation,
        };
        let written = store.write_intent(&key, &intent).await.unwrap();
        assert_eq!(written, Intended::Written);
        store.release(&key, &other).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_another_process_uses_up_no_rate() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let rate = NonZeroU32::new(1).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, MINUTE).build().unwrap();
    hold_elsewhere(&store, "alice", false).await;
    let asking = pool.clone();
    let asked = tokio::spawn(async move { asking.token_within("alice", 5 * MINUTE).await });
    pass(SECOND).await;
    pool.token_within("bob", SECOND).await.unwrap();
    asked.abort();
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_not_wait_for_all_that_nobody_waits_for() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = vendor.pool(&store).build().unwrap();
    assert_eq!(ask_for(&before, 200).await, 200);
    drop(before);
    let rate = NonZeroU32::new(1).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, SECOND).build().unwrap();
    advance(70 * MINUTE).await;
    drop(pool.keep_fresh());
    pass(5 * SECOND).await;
    for number in 0..5 {
        let began = Instant::now();
        pool.token(&format!("new-{number}")).await.unwrap();
        let took = began.elapsed();
        assert!(took < 5 * SECOND, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_does_not_wait_for_the_turn_of_a_refresh() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let rate = NonZeroU32::new(1).unwrap();
    let builder = vendor.pool(&store).max_rate(rate, 10 * MINUTE);
    let pool = builder.max_exchanges(1).build().unwrap();
    pool.token("alice").await.unwrap();
    advance(70 * MINUTE).await;
    pool.token("bob").await.unwrap();
    let validity = Validity::without_end(Timestamp::from_unix_seconds(1_700_000_000));
    for account in ["alice", "carol"] {
        pool.token_within(account, SECOND).await.unwrap_err();
        let cache = pool.cache(account).await.unwrap();
        let token = Token::builder(Secret::from("entered"), validity).build();
        let set = cache.set_token(token.unwrap());
        let set = timeout(2 * SECOND, set).await.unwrap().unwrap();
        assert_eq!(set.access().expose(), "entered");
    }
}
