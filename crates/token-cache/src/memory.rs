//! A store for one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record,
    RefreshFingerprint, Renewed, StoreError, StoredState, TokenStore,
};
use token_core::{Generation, TokenKey};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Keeps tokens in memory; they are lost with the process. Clones share their content, so that
/// several caches of one process can share a grant.
///
/// ```
/// use token_cache::MemoryStore;
///
/// let store = MemoryStore::new();
/// let same = store.clone();
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    places: Mutex<HashMap<TokenKey, Place>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Place {
    record: Option<(Record, Instant)>,
    intent: Option<(Intent, Instant)>,
    lease: Option<(Owner, Instant)>,
    tombstone: Option<Tombstone>,
}

/// What is known about the grant that a logout removed.
#[derive(Clone, Copy, Debug, Default)]
struct Tombstone {
    generation: Option<Generation>,
    initial: Option<RefreshFingerprint>,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn at<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Place) -> T) -> T {
        let mut places: MutexGuard<'_, _> =
            self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        act(places.entry(key.clone()).or_default())
    }
}

impl Place {
    fn entry(&self) -> Entry {
        let mut entry = Entry::default();
        if let Some((record, committed_at)) = &self.record {
            entry.record = Some(record.clone());
            entry.record_age = Instant::now().saturating_duration_since(*committed_at);
        }
        if let Some((intent, written_at)) = &self.intent {
            entry.intent = Some(intent.clone());
            entry.intent_age = Instant::now().saturating_duration_since(*written_at);
        }
        if let Some(tombstone) = &self.tombstone {
            entry.tombstoned = true;
            entry.tombstoned_generation = tombstone.generation;
            entry.tombstoned_initial = tombstone.initial;
        }
        entry
    }

    fn generation(&self) -> Option<Generation> {
        self.record.as_ref().map(|(record, _)| record.generation)
    }

    fn live_lease(&self) -> Option<&(Owner, Instant)> {
        self.lease
            .as_ref()
            .filter(|(_, until)| *until > Instant::now())
    }

    fn is_held_by(&self, owner: &Owner) -> bool {
        self.live_lease()
            .is_some_and(|(leased_to, _)| leased_to == owner)
    }

    fn commit(&mut self, condition: &CommitCondition, record: &Record) -> Committed {
        let stored = self.record.as_ref().map(|(record, _)| record.id());
        let state = StoredState {
            record: stored,
            intent: self.intent.as_ref().map(|(intent, _)| intent),
            tombstoned: self.tombstone.is_some(),
        };
        let committed = condition.judge(&state, &record.id());
        if committed == Committed::Stored {
            self.put(record);
        }
        committed
    }

    fn put(&mut self, record: &Record) {
        let id = record.id();
        self.intent.take_if(|(intent, _)| id.supersedes(intent));
        // Writing the same record again makes it no younger.
        let first = self
            .record
            .take_if(|(stored, _)| stored.id() == id)
            .map(|(_, committed_at)| committed_at);
        self.record = Some((record.clone(), first.unwrap_or_else(Instant::now)));
        self.tombstone = None;
    }

    fn entomb(&mut self) -> Option<Record> {
        let removed = self.record.take().map(|(record, _)| record);
        self.intent = None;
        // A second logout keeps what the first one removed.
        let kept = self.tombstone.take().unwrap_or_default();
        self.tombstone = Some(match &removed {
            Some(record) => Tombstone {
                generation: Some(record.generation),
                initial: record.initial,
            },
            None => kept,
        });
        removed
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        Ok(self.at(key, |place| place.entry()))
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        Ok(self.at(key, |place| {
            if let Some((leased_to, until)) = place.live_lease()
                && leased_to != owner
            {
                return Acquired::Busy {
                    left: until.saturating_duration_since(Instant::now()),
                    entry: place.entry(),
                };
            }
            place.lease = Some((owner.clone(), Instant::now() + life));
            Acquired::Held(place.entry())
        }))
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        Ok(self.at(key, |place| {
            if !place.is_held_by(owner) {
                return Renewed::Lost;
            }
            place.lease = Some((owner.clone(), Instant::now() + life));
            Renewed::Held
        }))
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.at(key, |place| {
            if place.is_held_by(owner) {
                place.lease = None;
            }
        });
        self.0.changed.notify_waiters();
        Ok(())
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        Ok(self.at(key, |place| {
            if !place.is_held_by(&intent.owner) {
                return Intended::LeaseLost;
            }
            place.intent = Some((intent.clone(), Instant::now()));
            Intended::Written
        }))
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.at(key, |place| {
            place.intent.take_if(|(intent, _)| intent.owner == *owner)
        });
        Ok(())
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let committed = self.at(key, |place| place.commit(condition, record));
        self.0.changed.notify_waiters();
        Ok(committed)
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        let removed = self.at(key, Place::entomb);
        self.0.changed.notify_waiters();
        Ok(removed)
    }

    fn is_durable(&self) -> bool {
        false
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let notified = self.0.changed.notified();
        let current = self.at(key, |place| place.generation());
        if current == seen {
            _ = tokio::time::timeout(at_most, notified).await;
        }
        None
    }
}
