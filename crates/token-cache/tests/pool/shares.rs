//! Deployments that do not answer, while the background has work at others.

use token_cache::{MemoryStore, TokenPool};
use tokio::time::advance;

use crate::pass;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor};

const HANGING: [&str; 4] = ["one", "two", "three", "four"];
const OTHERS: usize = 5;

/// The host is before the `-`.
fn customer(account: &str) -> Customer {
    let hosts = HANGING.iter().copied();
    let host = hosts
        .into_iter()
        .find(|host| account.starts_with(&format!("{host}-")));
    Customer::of(account).at(host.unwrap_or("good"))
}

fn pool(vendor: &Vendor, store: &MemoryStore) -> TokenPool {
    let made = TokenPool::builder(|account| Ok(customer(account)));
    vendor.configured(made, store).build().unwrap()
}

/// Asks for tokens of four deployments with very many accounts, and one with few.
async fn ask_for_all(pool: &TokenPool) {
    for host in HANGING {
        for number in 0..600 {
            pool.token(&format!("{host}-{number}")).await.unwrap();
        }
    }
    for number in 0..OTHERS {
        pool.token(&format!("good-{number}")).await.unwrap();
    }
}

fn refreshed(vendor: &Vendor) -> usize {
    let all = (0..OTHERS).map(|number| vendor.requests_of(&format!("good-{number}")));
    all.filter(|requests| *requests == 2).count()
}

#[tokio::test(start_paused = true)]
async fn deployments_that_hang_do_not_hold_up_the_background_of_others() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = pool(&vendor, &store);
    ask_for_all(&pool).await;
    HANGING.iter().for_each(|host| vendor.hang(host));
    advance(60 * MINUTE).await;
    drop(pool.keep_fresh());
    pass(5 * SECOND).await;
    assert_eq!(refreshed(&vendor), OTHERS);
}

#[tokio::test(start_paused = true)]
async fn deployments_that_hang_do_not_hold_up_the_sweep() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    ask_for_all(&pool(&vendor, &store)).await;
    HANGING.iter().for_each(|host| vendor.hang(host));
    let pool = pool(&vendor, &store);
    advance(60 * MINUTE).await;
    drop(pool.keep_fresh());
    pass(25 * SECOND).await;
    assert_eq!(refreshed(&vendor), OTHERS);
}
