//! Callers that ask a pool for tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token_cache::{Event, LoggedOut, MemoryStore, TokenPool};
use token_core::{Error, ErrorKind};
use tokio::time::advance;

use crate::pass;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_of_one_account_cost_one_exchange() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let asking: Vec<_> = (0..1000)
        .map(|_| pool.clone())
        .map(|pool| tokio::spawn(async move { pool.token("alice").await.map(drop) }))
        .collect();
    for asked in asking {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(vendor.requests().len(), 1);
    assert_eq!(pool.health().in_memory, 1);
}

#[tokio::test(start_paused = true)]
async fn each_account_has_a_token_of_its_own() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    for account in ["alice", "bob", "carol/ä"] {
        let token = pool.token(account).await.unwrap();
        let again = pool.token(account).await.unwrap();
        assert_eq!(token.access().expose(), again.access().expose());
    }
    let bob = pool.token("bob").await.unwrap();
    assert_eq!(bob.access().expose(), "access-bob-1");
    assert_eq!(vendor.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_works_on_a_refresh_ends_with_it() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    pass(SECOND).await;
    assert_eq!(pool.health().at_work, 0, "{:?}", pool.health());
    let cache = pool.cache("alice").await.unwrap();
    assert_eq!(pool.health().at_work, 1);
    let other = cache.clone();
    drop(cache);
    assert_eq!(pool.health().at_work, 1);
    drop(other);
    assert_eq!(pool.health().at_work, 0);
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_due_is_handed_out_while_one_exchange_runs() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    pool.token("alice").await.unwrap();
    advance(50 * MINUTE).await;
    assert!(pool.fresh("alice").is_none());
    let due = pool.token("alice").await.unwrap();
    assert_eq!(due.access().expose(), "access-alice-1");
    pass(SECOND).await;
    let next = pool.token("alice").await.unwrap();
    assert_eq!(next.access().expose(), "access-alice-2");
    assert_eq!(vendor.requests().last().unwrap().step, "/refresh");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_replaced_whether_or_not_it_is_at_rest() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let first = pool.token("alice").await.unwrap();
    pool.invalidate("alice", &first);
    let second = pool.token("alice").await.unwrap();
    assert_eq!(second.access().expose(), "access-alice-2");
    pool.invalidate("alice", &first);
    pool.invalidate("bob", &first);
    assert!(pool.fresh("alice").is_some(), "that was an older one");
    advance(2 * MINUTE).await;
    let cache = pool.cache("alice").await.unwrap();
    pool.invalidate("alice", &cache.token().await.unwrap());
    let third = pool.token("alice").await.unwrap();
    assert_eq!(third.access().expose(), "access-alice-3");
}

#[tokio::test(start_paused = true)]
async fn an_api_that_rejects_new_tokens_too_is_reported_with_the_account() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    let mut events = pool.events();
    for _ in 0..2 {
        let token = pool.token("alice").await.unwrap();
        pool.invalidate("alice", &token);
    }
    let rejected = loop {
        let event = events.next().await.unwrap();
        assert_eq!(&*event.account, "alice");
        if let Event::RefusedAgain { generation } = event.event {
            break generation.number();
        }
    };
    assert_eq!(rejected, 2);
    assert!(pool.fresh("alice").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_though_its_engine_has_ended() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).build().unwrap();
    vendor.go_down(true);
    let patience = Duration::from_millis(300);
    let error = pool.token_within("alice", patience).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 503);
    assert!(error.to_string().contains("acme/"), "{error}");
    let asked = vendor.requests().len();
    assert_eq!(pool.health().failing, 1, "{:?}", pool.health());
    pool.token_within("alice", patience).await.unwrap_err();
    assert_eq!(vendor.requests().len(), asked, "the pause is kept");
    vendor.go_down(false);
    advance(MINUTE).await;
    pool.token("alice").await.unwrap();
    assert_eq!(pool.health().failing, 0);
}

#[tokio::test(start_paused = true)]
async fn accounts_that_must_log_in_again_are_listed_until_they_have() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    for account in ["alice", "bob"] {
        let cache = pool.cache(account).await.unwrap();
        vendor.refuse("bob");
        _ = cache.set_token(refresh_token(account, 0)).await;
    }
    let error = pool.token("bob").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let asked = vendor.requests().len();
    let needed: Vec<_> = pool.logins_needed().collect();
    assert_eq!(needed.len(), 1, "{needed:?}");
    assert_eq!(
        (&*needed[0].account, needed[0].error.kind()),
        ("bob", ErrorKind::Rejected)
    );
    pool.token("bob").await.unwrap_err();
    assert_eq!(
        vendor.requests().len(),
        asked,
        "the vendor is not asked again"
    );
    vendor.accept("bob");
    let cache = pool.cache("bob").await.unwrap();
    cache.set_token(refresh_token("bob", 0)).await.unwrap();
    assert_eq!(pool.logins_needed().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_logout_ends_the_grant_of_one_account() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    for account in ["alice", "bob"] {
        let cache = pool.cache(account).await.unwrap();
        cache.set_token(refresh_token(account, 0)).await.unwrap();
    }
    let cache = pool.cache("alice").await.unwrap();
    assert!(!matches!(
        cache.logout().await.unwrap(),
        LoggedOut::NotRevoked { .. }
    ));
    drop(cache);
    assert_eq!(
        pool.token("alice").await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    let needed: Vec<_> = pool.logins_needed().map(|login| login.account).collect();
    assert_eq!(needed.len(), 1, "{needed:?}");
    pool.token("bob").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_made_once_however_many_callers_wait_for_it() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let builder = TokenPool::builder_from(move |account| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(SECOND).await;
            Ok::<_, Error>(Customer::of(&account))
        }
    });
    let pool = vendor.configured(builder, &store).build().unwrap();
    let asking: Vec<_> = (0..100)
        .map(|_| pool.clone())
        .map(|pool| tokio::spawn(async move { pool.token("alice").await.map(drop) }))
        .collect();
    asking[0].abort();
    for asked in asking.into_iter().skip(1) {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert_eq!(vendor.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_cannot_be_made_fails_its_account_alone() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let builder = TokenPool::builder_from(|account| async move {
        match account.as_str() {
            "panics" => panic!("the database's driver"),
            "hangs" => std::future::pending().await,
            "unknown" => Err(Error::new(ErrorKind::Rejected, "there is no such customer")),
            _ => Ok(Customer::of(&account)),
        }
    });
    let pool = vendor.configured(builder, &store).build().unwrap();
    for (account, kind) in [
        ("panics", ErrorKind::Config),
        ("unknown", ErrorKind::Config),
        ("hangs", ErrorKind::Transient { after: None }),
    ] {
        let error = pool.token(account).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    pool.token("alice").await.unwrap();
    assert_eq!(pool.health().in_memory, 1);
}
