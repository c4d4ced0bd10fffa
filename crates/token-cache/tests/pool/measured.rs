//! What is counted of a pool, as Prometheus reads it.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use token_cache::MemoryStore;
use tokio::time::advance;

use crate::pass;
use crate::vendor::{MINUTE, SECOND, Vendor, refresh_token};

/// Returns how many accounts are in memory, at work, failing, and in need of a login.
fn accounts(measured: &PrometheusHandle) -> [f64; 4] {
    ["in_memory", "at_work", "failing", "logins_needed"]
        .map(|state| of(measured, &format!("accounts{{state=\"{state}\"}}")))
}

fn of(measured: &PrometheusHandle, series: &str) -> f64 {
    let (rendered, series) = (measured.render(), format!("vendor_auth_pool_{series} "));
    let mut values = rendered
        .lines()
        .filter_map(|line| line.strip_prefix(&series));
    values
        .next()
        .map_or(f64::NAN, |value| value.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn accounts_are_counted_by_state_until_the_pool_ends() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    assert_eq!(accounts(&measured), [0.0; 4]);
    for account in ["alice", "bob", "carol"] {
        let cache = pool.cache(account).await.unwrap();
        assert_eq!(accounts(&measured)[1], 1.0);
        cache.set_token(refresh_token(account, 0)).await.unwrap();
    }
    assert_eq!(accounts(&measured), [3.0, 0.0, 0.0, 0.0]);
    advance(70 * MINUTE).await;
    vendor.refuse("alice");
    _ = pool.token("alice").await.unwrap_err();
    assert_eq!(accounts(&measured), [3.0, 0.0, 1.0, 1.0]);
    vendor.go_down(true);
    _ = pool.token_within("bob", SECOND).await.unwrap_err();
    pass(SECOND).await;
    assert_eq!(accounts(&measured), [3.0, 0.0, 2.0, 1.0]);
    let health = pool.health();
    assert_eq!(
        (health.in_memory, health.failing, health.logins_needed),
        (3, 2, 1)
    );
    let held = pool.cache("carol").await.unwrap();
    assert_eq!(accounts(&measured), [3.0, 1.0, 2.0, 1.0]);
    pool.forget("alice");
    assert_eq!(accounts(&measured), [2.0, 1.0, 1.0, 0.0]);
    drop(held);
    drop(pool);
    assert_eq!(accounts(&measured), [0.0; 4]);
}

#[tokio::test(start_paused = true)]
async fn evictions_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_in_memory(10).build().unwrap();
    for number in 0..30 {
        pool.token(&format!("customer-{number}")).await.unwrap();
    }
    let health = pool.health();
    assert!(health.evicted >= 19);
    let evicted = u32::try_from(health.evicted).unwrap();
    assert_eq!(of(&measured, "evictions_total"), f64::from(evicted));
    let in_memory = u32::try_from(health.in_memory).unwrap();
    assert_eq!(accounts(&measured)[0], f64::from(in_memory));
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_refused_while_its_cache_is_held_is_counted_in_the_background() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool_without_logins(&store).build().unwrap();
    let cache = pool.cache("alice").await.unwrap();
    cache.set_token(refresh_token("alice", 0)).await.unwrap();
    drop(pool.keep_fresh());
    vendor.refuse("alice");
    pass(61 * MINUTE).await;
    assert_eq!(accounts(&measured), [1.0, 1.0, 0.0, 1.0]);
    drop(cache);
    assert_eq!(accounts(&measured), [1.0, 0.0, 1.0, 1.0]);
}
