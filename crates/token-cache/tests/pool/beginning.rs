//! Grants that begin with a token that the program has.

use token_cache::{MemoryStore, PoolAccount, TokenPool, TokenPoolBuilder};
use token_core::ErrorKind;
use tokio::time::advance;

use crate::pass;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor, refresh_token};

/// Each account has a refresh token from elsewhere, and cannot log in.
fn with_refresh_tokens() -> TokenPoolBuilder {
    TokenPool::builder(|account| {
        let customer = Customer::of(account).without_login();
        Ok(PoolAccount::of(customer).initial_token(refresh_token(account, 0)))
    })
}

#[tokio::test(start_paused = true)]
async fn a_grant_begins_with_its_initial_token_and_goes_on_with_what_the_store_has() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.configured(with_refresh_tokens(), &store);
    let pool = pool.build().unwrap();
    let first = pool.token("alice").await.unwrap();
    assert_eq!(first.access().expose(), "access-alice-1");
    assert_eq!(vendor.requests()[0].step, "/refresh");

    let restarted = vendor.configured(with_refresh_tokens(), &store);
    let restarted = restarted.build().unwrap();
    let stored = restarted.token("alice").await.unwrap();
    assert_eq!(stored.access().expose(), "access-alice-1");
    assert_eq!(vendor.requests_of("alice"), 1);
    advance(61 * MINUTE).await;
    let next = restarted.token("alice").await.unwrap();
    assert_eq!(next.access().expose(), "access-alice-2");
}

#[tokio::test(start_paused = true)]
async fn an_initial_token_that_was_refused_is_not_tried_twice_and_hurts_no_other_account() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    vendor.refuse("alice");
    let pool = vendor.configured(with_refresh_tokens(), &store);
    let pool = pool.build().unwrap();
    for _ in 0..2 {
        let refused = pool.token("alice").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Rejected);
        pass(SECOND).await;
    }
    assert_eq!(vendor.requests_of("alice"), 1);
    pool.token("bob").await.unwrap();
}
