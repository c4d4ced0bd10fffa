//! Servers, stores on them, and records.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_servers::Redis;
use token_core::TokenStore;
use token_redis::{RedisStore, RedisStoreBuilder, Servers};
use token_sealing::{Sealing, SealingKey};
pub(crate) use token_testkit::records::{child_of, fingerprint, intent, key, owner, record};

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// One server for all tests that do not damage it.
pub(crate) fn shared() -> &'static Redis {
    static SHARED: OnceLock<Redis> = OnceLock::new();
    SHARED.get_or_init(|| Redis::with().append_only().start().expect("a Redis server"))
}

/// Returns a prefix that no other test uses.
pub(crate) fn fresh_prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test {}:", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn sealing() -> Sealing {
    Sealing::with(SealingKey::new("test-1", [7; 32]).unwrap())
}

pub(crate) fn builder(redis: &Redis) -> RedisStoreBuilder {
    RedisStore::builder(Servers::node(redis.url()), sealing())
}

pub(crate) async fn store(redis: &Redis) -> RedisStore {
    builder(redis).connect().await.unwrap()
}

/// Waits until a condition holds on a real server.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        // tidy: sleeps because another process gets there in its own time
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not in a minute: {what}");
}

/// Returns whether this owner gets the lease.
pub(crate) async fn takes_lease(store: &RedisStore, number: u8) -> bool {
    let acquired = store.acquire(&key(), &owner(number), LONG).await;
    acquired.unwrap().is_held()
}
