//! The memory store keeps the contract of every store.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::reexports::async_trait;
use token_core::store::{CommitCondition, Due, DueCursor, Record, RefreshFingerprint};
use token_core::{Generation, Secret, Timestamp, TokenKey, TokenStore};
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

fn key(number: u64) -> TokenKey {
    TokenKey::of("acme", "api.acme.example", &format!("user-{number}"))
}

async fn commit(store: &MemoryStore, key: &TokenKey, generation: u64, due_at: i64) {
    let fingerprint = RefreshFingerprint([1; 32]);
    let generation = Generation::new(generation);
    let mut record = Record::new(fingerprint, generation, Secret::from("A"));
    record.due_at = Some(Timestamp::from_unix_millis(due_at));
    let committed = store.commit(key, &CommitCondition::Overwrite, &record);
    committed.await.unwrap();
}

async fn all_due(store: &MemoryStore, limit: usize) -> Vec<Due> {
    let (mut found, mut after): (Vec<Due>, Option<DueCursor>) = (Vec::new(), None);
    loop {
        let page = store.due(Timestamp::MAX, limit, after.as_ref());
        let page = page.await.unwrap();
        found.extend(page.due);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn pages_of_many_keys_are_in_order() {
    let store = MemoryStore::new();
    for number in 0..2_000 {
        let due_at = i64::try_from(number % 17).unwrap();
        commit(&store, &key(number), 1, due_at + 1).await;
        commit(&store, &key(number), 2, due_at).await;
    }
    let mut expected: Vec<_> = all_due(&store, usize::MAX).await;
    assert_eq!(expected.len(), 2_000);
    for limit in [1, 7, 500] {
        assert_eq!(
            all_due(&store, limit).await,
            expected,
            "in pages of {limit}"
        );
    }
    let found = expected.clone();
    expected.sort_by_key(Due::cursor);
    assert_eq!(found, expected);
}

/// The laws of stores are called through an `Arc`; none of them fails for what is asked here.
#[tokio::test]
async fn what_a_store_says_of_itself_and_what_is_due_come_through_an_arc() {
    let store = MemoryStore::new();
    commit(&store, &key(1), 1, 5).await;
    let shared: Arc<dyn TokenStore> = Arc::new(store);
    let shared: &dyn TokenStore = &shared;
    assert_eq!(shared.name(), "MemoryStore");
    assert!(!shared.is_durable());
    let page = shared.due(Timestamp::MAX, 10, None).await.unwrap();
    assert_eq!(page.due.len(), 1);
}
