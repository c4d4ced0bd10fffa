//! The memory store keeps the contract of every store.

use std::sync::Arc;
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::TokenStore;
use token_core::reexports::async_trait;
use token_testkit::StorePlace;

struct Memory(MemoryStore);

#[async_trait]
impl StorePlace for Memory {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.0.clone())
    }

    async fn pass(&self, span: Duration) {
        tokio::time::advance(span).await;
    }
}

token_testkit::store_conformance!(
    test = tokio::test(start_paused = true),
    place = Memory(MemoryStore::new())
);
