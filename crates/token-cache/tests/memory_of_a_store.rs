//! What the memory store costs in memory. A test of its own: the allocator counts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use token_cache::MemoryStore;
use token_core::store::{CommitCondition, Record, RefreshFingerprint};
use token_core::{Generation, Secret, Timestamp, TokenKey, TokenStore};

/// They fill no table so far that some runs would need a larger one.
const KEYS: u32 = 12_000;

/// Stores this generation under all keys, which are made anew, as a pool makes them.
fn fill(store: &MemoryStore, generation: u8, body: &Secret) {
    for number in 0..KEYS {
        let key = TokenKey::of("acme", "api.acme.example", &format!("user-{number:08}"));
        let fingerprint = RefreshFingerprint([generation; 32]);
        let mut record = Record::new(
            fingerprint,
            Generation::new(generation.into()),
            body.clone(),
        );
        let due_at = i64::from(generation) * 1_000_000 + i64::from(number);
        record.due_at = Some(Timestamp::from_unix_millis(due_at));
        let stored = store.commit(&key, &CommitCondition::Overwrite, &record);
        pollster::block_on(stored).unwrap();
    }
}

#[test]
fn a_key_takes_at_most_340_bytes_besides_its_body() {
    let (store, body) = (MemoryStore::new(), Secret::from("body"));
    let counted = allocation_counter::measure(|| {
        fill(&store, 1, &body);
        fill(&store, 2, &body);
    });
    let bytes = counted.bytes_current / i64::from(KEYS);
    assert!(bytes <= 340, "{bytes} bytes");
}
