//! The memory store keeps the contract of every store.

use std::sync::Arc;
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::TokenStore;
use token_core::reexports::async_trait;
use token_testkit::StorePlace;
use tokio::sync::oneshot;

struct Memory {
    store: MemoryStore,
    _time_stands_still: oneshot::Sender<()>,
}

impl Memory {
    fn empty() -> Self {
        Self {
            store: MemoryStore::new(),
            _time_stands_still: without_auto_advance(),
        }
    }
}

/// Keeps the runtime's paused time from advancing by itself, until the sender is dropped.
/// Otherwise a wait that nothing wakes would end at its time limit at once, as if it had been
/// notified. Tokio does not advance time while a blocking task runs.
fn without_auto_advance() -> oneshot::Sender<()> {
    let (end, ended) = oneshot::channel();
    tokio::task::spawn_blocking(move || _ = ended.blocking_recv());
    end
}

#[async_trait]
impl StorePlace for Memory {
    async fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.store.clone())
    }

    async fn pass(&self, span: Duration) {
        tokio::time::advance(span).await;
    }
}

token_testkit::store_conformance!(
    test = tokio::test(start_paused = true),
    place = Memory::empty()
);
