//! The memory store keeps the contract of every store.

use std::sync::Arc;
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::TokenStore;
use token_core::test_util::StorePlace;
use token_core::types::async_trait;

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

token_core::store_conformance!(
    test = tokio::test(start_paused = true),
    place = Memory(MemoryStore::new())
);
