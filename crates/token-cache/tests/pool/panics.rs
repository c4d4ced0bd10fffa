//! Code of the program that panics: the background goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_cache::{Event, MemoryStore, TokenPool};
use token_core::ErrorKind;

use crate::pass;
use crate::store::Unreliable;
use crate::vendor::{Customer, MINUTE, Vendor};

#[tokio::test(start_paused = true)]
async fn a_panic_for_one_key_leaves_the_sweep_of_the_others() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = vendor.pool(&store).build().unwrap();
    for account in ["alice", "bob"] {
        before.token(account).await.unwrap();
    }
    drop(before);
    let pool = vendor.pool(&store).account_of(|key| {
        let account = key.grant();
        assert_ne!(account.as_deref(), Some("alice"), "a mistake");
        account
    });
    let pool = pool.build().unwrap();
    let mut events = pool.events();
    drop(pool.keep_fresh());
    pass(60 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 1);
    assert_eq!(vendor.requests_of("bob"), 2);
    let warning = events.next().await.unwrap().event;
    assert!(
        matches!(&warning, Event::StoreWarning { what } if what.contains("panicked")),
        "{warning:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_is_swept_again_after_the_pause() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let before = vendor.pool(&store).build().unwrap();
    before.token("alice").await.unwrap();
    drop(before);
    let panicking = Unreliable::over(store.clone());
    panicking.list_after_a_panic();
    let pool = vendor.pool(&store).store(panicking).build().unwrap();
    let mut events = pool.events();
    drop(pool.keep_fresh());
    pass(60 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2);
    let warning = events.next().await.unwrap().event;
    assert!(
        matches!(&warning, Event::StoreWarning { what } if what.contains("panicked")),
        "{warning:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_panics_while_it_is_made_does_not_lose_its_turn() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let panics = Arc::new(AtomicBool::new(false));
    let mistaken = panics.clone();
    let make = move |account: &str| Ok(Customer::of(account).panicking(mistaken.clone()));
    let pool = vendor
        .configured(TokenPool::builder(make), &store)
        .build()
        .unwrap();
    pool.token("alice").await.unwrap();
    drop(pool.keep_fresh());
    panics.store(true, Ordering::SeqCst);
    pass(61 * MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 1);
    let error = pool.token("alice").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    panics.store(false, Ordering::SeqCst);
    pass(MINUTE).await;
    assert_eq!(vendor.requests_of("alice"), 2);
}
