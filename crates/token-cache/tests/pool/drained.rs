//! A process that leaves.

use token_cache::{Drained, MemoryStore};

use crate::pass;
use crate::vendor::{MINUTE, SECOND, Vendor};

#[tokio::test(start_paused = true)]
async fn a_drained_pool_refreshes_nothing_more_in_the_background() {
    let (vendor, store) = (Vendor::new(), MemoryStore::new());
    let pool = vendor.pool(&store).max_exchanges(4).build().unwrap();
    for number in 0..400 {
        pool.token(&format!("customer-{number}")).await.unwrap();
    }
    drop(pool.keep_fresh());
    while vendor.requests().len() < 450 {
        pass(SECOND).await;
    }
    assert_eq!(pool.drain(10 * MINUTE).await, Drained::Settled);
    let when_drained = vendor.requests().len();
    assert!(when_drained < 800, "{when_drained}");
    pass(60 * MINUTE).await;
    assert_eq!(vendor.requests().len(), when_drained);
    drop(pool.keep_fresh());
    pass(10 * MINUTE).await;
    assert!(vendor.requests().len() > when_drained);
}
