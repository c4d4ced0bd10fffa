//! A deployment that the sweep passes over, because very much waits for its turn there.

use std::num::NonZeroU32;

use token_cache::MemoryStore;

use crate::pass;
use crate::refused::{logins_needed, pool_with_refused};
use crate::store::Unreliable;
use crate::vendor::{MINUTE, Vendor, refresh_token};

#[tokio::test(start_paused = true)]
async fn refused_grants_are_listed_seldom_though_a_deployment_is_passed_over() {
    let (vendor, memory) = (Vendor::new(), MemoryStore::new());
    let before = pool_with_refused(&vendor, &memory, &["alice"]).await;
    for number in 0..600 {
        let account = format!("due-{number}");
        let cache = before.cache(&account).await.unwrap();
        cache.set_token(refresh_token(&account, 0)).await.unwrap();
    }
    drop(before);
    let store = Unreliable::over(memory.clone());
    store.list();
    let builder = vendor.pool_without_logins(&memory).store(store.clone());
    let pool = builder.max_rate(NonZeroU32::MIN, 100 * MINUTE);
    let pool = pool.build().unwrap();
    // The clock of each pool begins at the same time.
    pass(140 * MINUTE).await;
    drop(pool.keep_fresh());
    pass(14 * MINUTE).await;
    assert_eq!(logins_needed(&pool), [""; 0], "it is passed over");
    assert_eq!(store.refused_listed(), 1);
    pass(3 * MINUTE).await;
    assert_eq!(store.refused_listed(), 2);
}
