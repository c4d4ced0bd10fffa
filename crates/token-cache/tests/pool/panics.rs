//! Code of the program that panics: the background goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_cache::{Event, MemoryStore, TokenPool};
use token_core::ErrorKind;

use crate::customer::Mistake;
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
    // A login is not asked for: there is a refresh token.
    for mistake in [Mistake::Key, Mistake::Rotation] {
        let (vendor, store) = (Vendor::new(), MemoryStore::new());
        let panics = Arc::new(AtomicBool::new(false));
        let pool = mistaken(&vendor, &store, mistake, &panics);
        pool.token("alice").await.unwrap();
        drop(pool.keep_fresh());
        panics.store(true, Ordering::SeqCst);
        pass(61 * MINUTE).await;
        assert_eq!(vendor.requests_of("alice"), 1, "{mistake:?}");
        let error = pool.token("alice").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{mistake:?}");
        panics.store(false, Ordering::SeqCst);
        pass(MINUTE).await;
        assert_eq!(vendor.requests_of("alice"), 2, "{mistake:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_panics_for_a_token_in_the_store_is_told() {
    // A login is not asked for: there is a refresh token.
    for mistake in [Mistake::Key, Mistake::Rotation] {
        let (vendor, store) = (Vendor::new(), MemoryStore::new());
        let before = vendor.pool(&store).build().unwrap();
        before.token("alice").await.unwrap();
        drop(before);
        let panics = Arc::new(AtomicBool::new(true));
        let pool = mistaken(&vendor, &store, mistake, &panics);
        let mut events = pool.events();
        drop(pool.keep_fresh());
        pass(61 * MINUTE).await;
        panics.store(false, Ordering::SeqCst);
        pass(2 * MINUTE).await;
        assert_eq!(vendor.requests_of("alice"), 2, "{mistake:?}");
        drop(pool);
        let first = events.next().await.unwrap();
        let is_told = |event: &Event| match event {
            Event::Failed { error, .. } => error.kind() == ErrorKind::Config,
            _ => false,
        };
        assert_eq!(&*first.account, "alice");
        assert!(is_told(&first.event), "{mistake:?}: {first:?}");
    }
}

fn mistaken(
    vendor: &Vendor,
    store: &MemoryStore,
    mistake: Mistake,
    panics: &Arc<AtomicBool>,
) -> TokenPool {
    let panics = panics.clone();
    let make = move |account: &str| Ok(Customer::of(account).panicking(mistake, panics.clone()));
    let pool = vendor.configured(TokenPool::builder(make), store);
    pool.build().unwrap()
}
