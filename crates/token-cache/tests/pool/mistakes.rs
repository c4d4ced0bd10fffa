//! Programs whose endpoints are not what the pool asks for: no grant is lost for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_cache::{MemoryStore, TokenPool};
use tokio::time::advance;

use crate::vendor::{Customer, MINUTE, Vendor};

#[tokio::test(start_paused = true)]
async fn two_accounts_with_one_key_share_its_grant_as_two_processes_do() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let make = |account: &str| Ok(Customer::of(&account.to_lowercase()));
    let pool = vendor
        .configured(TokenPool::builder(make), &store)
        .build()
        .unwrap();
    let ask = async || {
        let (one, other) = tokio::join!(pool.token("Alice"), pool.token("alice"));
        assert!(one.unwrap().access().same_as(other.unwrap().access()));
    };
    ask().await;
    assert_eq!(vendor.requests().len(), 1);
    advance(70 * MINUTE).await;
    ask().await;
    assert_eq!(vendor.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_sent_to_another_deployment_that_its_account_moved_to() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let has_moved = Arc::new(AtomicBool::new(false));
    let moved = has_moved.clone();
    let make = move |account: &str| match moved.load(Ordering::SeqCst) {
        true => Ok(Customer::of(account).at("eu.acme.example")),
        false => Ok(Customer::of(account)),
    };
    let pool = vendor
        .configured(TokenPool::builder(make), &store)
        .build()
        .unwrap();
    pool.token("alice").await.unwrap();
    advance(70 * MINUTE).await;
    has_moved.store(true, Ordering::SeqCst);
    pool.token("alice").await.unwrap();
    let steps: Vec<_> = vendor.requests().iter().map(|it| it.step.clone()).collect();
    assert_eq!(steps, ["/login", "/login"], "the old grant is none of it");
}
