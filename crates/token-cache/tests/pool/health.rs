//! How one account is.

use token_cache::{AccountHealth, Health, MemoryStore, TokenPool};
use token_core::{ErrorKind, Generation, Timestamp};
use tokio::time::advance;

use crate::pass;
use crate::vendor::{MINUTE, SECOND, Vendor, refresh_token};

/// Asserts that an account at rest is told as its cache is.
async fn assert_told_as_its_cache(pool: &TokenPool, account: &str) -> AccountHealth {
    let at_rest = pool.health_of(account).unwrap();
    assert!(!at_rest.at_work);
    let cache = pool.cache(account).await.unwrap();
    let expected: Health = cache.health();
    let at_work = pool.health_of(account).unwrap();
    assert!(at_work.at_work);
    for told in [&at_rest, &at_work] {
        assert_eq!(told.usable, expected.usable);
        assert_eq!(told.generation, expected.generation);
        assert_eq!(told.issued_at, expected.issued_at);
        assert_eq!(told.expires_at, expected.expires_at);
        assert_eq!(told.refresh_at, expected.refresh_at);
        assert_eq!(told.grant_ends_at, expected.grant_ends_at);
        assert_eq!(told.paused_until, expected.paused_until);
        assert_eq!(told.logged_out, expected.logged_out);
        let texts = [&told.last_error, &expected.last_error].map(|error| format!("{error:?}"));
        assert_eq!(texts[0], texts[1]);
    }
    let logins = [&at_rest, &at_work].map(|told| format!("{:?}", told.login_needed));
    assert_eq!(logins[0], logins[1]);
    at_rest
}

async fn pool_of_three(vendor: &Vendor) -> TokenPool {
    let pool = vendor.pool_without_logins(&MemoryStore::new());
    let pool = pool.build().unwrap();
    for account in ["alice", "bob", "carol"] {
        let cache = pool.cache(account).await.unwrap();
        cache.set_token(refresh_token(account, 0)).await.unwrap();
    }
    pool
}

#[tokio::test(start_paused = true)]
async fn an_account_at_rest_is_told_as_its_cache_is() {
    let vendor = Vendor::new();
    vendor.grants_end(1_702_000_000);
    let pool = pool_of_three(&vendor).await;
    let fresh = assert_told_as_its_cache(&pool, "alice").await;
    assert!(fresh.usable && fresh.last_error.is_none() && fresh.login_needed.is_none());
    assert_eq!(fresh.generation, Some(Generation::new(2)));
    let ends_at = Timestamp::from_unix_seconds(1_702_000_000);
    assert_eq!(fresh.grant_ends_at, Some(ends_at));

    advance(55 * MINUTE).await;
    vendor.refuse("alice");
    vendor.busy_for("bob", 30 * MINUTE);
    for account in ["alice", "bob"] {
        _ = pool.token(account).await.unwrap();
        pass(SECOND).await;
    }
    let refused = assert_told_as_its_cache(&pool, "alice").await;
    let kind = |error: Option<token_core::Error>| error.map(|error| error.kind());
    assert_eq!(kind(refused.login_needed), Some(ErrorKind::Rejected));
    let busy = assert_told_as_its_cache(&pool, "bob").await;
    assert!(busy.usable && busy.login_needed.is_none());
    assert!(busy.paused_until.is_some() && busy.last_error.is_some());

    let cache = pool.cache("carol").await.unwrap();
    _ = cache.logout().await.unwrap();
    drop(cache);
    let logged_out = assert_told_as_its_cache(&pool, "carol").await;
    assert!(logged_out.logged_out && !logged_out.usable);
    assert!(logged_out.login_needed.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_health_of_an_account_starts_nothing() {
    let vendor = Vendor::new();
    let pool = pool_of_three(&vendor).await;
    let asked = vendor.requests().len();
    assert!(pool.health_of("nobody").is_none());
    advance(70 * MINUTE).await;
    let health = pool.health_of("alice").unwrap();
    assert!(!health.usable && !health.at_work);
    assert_eq!(pool.health().at_work, 0);
    assert_eq!(pool.health().in_memory, 3);
    assert_eq!(vendor.requests().len(), asked);
}
