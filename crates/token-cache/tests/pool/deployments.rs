//! Accounts that each have a deployment of their own.

use std::num::NonZeroU32;

use token_cache::{MemoryStore, TokenPool, TokenPoolBuilder};

use crate::vendor::{Customer, MINUTE, SECOND, Vendor};

/// The account `acme_1` is at `acme.example`.
fn pool_of_hosts(vendor: &Vendor) -> TokenPoolBuilder {
    let make = |account: &str| {
        let (host, _) = account.split_once('_').unwrap_or((account, ""));
        let host = format!("{host}.example");
        Ok(Customer::of(account).at(host.leak()))
    };
    vendor.configured(TokenPool::builder(make), &MemoryStore::new())
}

fn deployments(pool: &TokenPool) -> usize {
    let text = format!("{pool:?}");
    let (_, count) = text.split_once("deployments: ").unwrap();
    let digits = count.chars().take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().unwrap()
}

async fn meet_others(pool: &TokenPool, count: usize) {
    for number in 0..count {
        pool.token(&format!("other-{number}")).await.unwrap();
        pool.forget(&format!("other-{number}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_without_an_account_in_memory_is_forgotten() {
    let vendor = Vendor::new();
    let pool = pool_of_hosts(&vendor).build().unwrap();
    for number in 0..100 {
        pool.token(&format!("regular-{number}")).await.unwrap();
    }
    meet_others(&pool, 3000).await;
    let count = deployments(&pool);
    assert!((100..=1024).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn deployments_with_an_account_in_memory_are_kept() {
    let vendor = Vendor::new();
    let pool = pool_of_hosts(&vendor).build().unwrap();
    for number in 0..1500 {
        pool.token(&format!("regular-{number}")).await.unwrap();
    }
    meet_others(&pool, 3000).await;
    let count = deployments(&pool);
    assert!((1500..=3000).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_a_vendor_asked_for_outlives_its_account() {
    let vendor = Vendor::new();
    let pool = pool_of_hosts(&vendor).build().unwrap();
    vendor.busy_for("busy_1", 5 * MINUTE);
    _ = pool.token_within("busy_1", SECOND).await.unwrap_err();
    pool.forget("busy_1");
    meet_others(&pool, 1100).await;
    vendor.take(5 * SECOND);
    _ = tokio::join!(pool.token("busy_2"), pool.token("busy_3"));
    let requests = vendor.requests();
    let [.., second, third] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert!(third.at - second.at >= SECOND, "the pause was forgotten");
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_a_deployment_is_kept_though_its_account_left() {
    let vendor = Vendor::new();
    let pool = pool_of_hosts(&vendor).max_rate(NonZeroU32::MIN, 10 * MINUTE);
    let pool = pool.build().unwrap();
    pool.token("slow_1").await.unwrap();
    pool.forget("slow_1");
    meet_others(&pool, 1100).await;
    _ = pool.token_within("slow_2", SECOND).await.unwrap_err();
    assert_eq!(vendor.requests_of("slow_2"), 0);
}
