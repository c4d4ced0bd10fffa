//! A store for one process.

mod place;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, Due, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use token_core::{Generation, Timestamp, TokenKey};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::place::Place;

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
    places: Mutex<Places>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Places {
    by_key: HashMap<TokenKey, Box<Place>>,
    /// The keys whose record has a due time, in the order of pages.
    by_due_time: BTreeSet<(Timestamp, TokenKey)>,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Place) -> T) -> T {
        act(self.places().by_key.entry(key.clone()).or_default())
    }

    /// Like `at`, for an act that may change the record.
    fn write<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Place) -> T) -> T {
        let mut places = self.places();
        let place = places.by_key.entry(key.clone()).or_default();
        let before = place.due_at();
        let done = act(place);
        let after = place.due_at();
        places.move_due(key, before, after);
        done
    }
}

impl Places {
    fn move_due(&mut self, key: &TokenKey, before: Option<Timestamp>, after: Option<Timestamp>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.by_due_time.remove(&(before, key.clone()));
        }
        if let Some(after) = after {
            self.by_due_time.insert((after, key.clone()));
        }
    }

    fn due(&self, before: Timestamp, limit: usize, from: Bound<(Timestamp, TokenKey)>) -> Vec<Due> {
        let later = self.by_due_time.range((from, Bound::Unbounded));
        later
            .take_while(|(due_at, _)| *due_at < before)
            .filter_map(|(_, key)| Due::of(key, &self.by_key.get(key)?.record.as_ref()?.0))
            .take(limit)
            .collect()
    }
}

/// Returns where a page begins.
fn from(after: Option<&DueCursor>) -> Result<Bound<(Timestamp, TokenKey)>, StoreError> {
    let Some(after) = after else {
        return Ok(Bound::Unbounded);
    };
    let key = TokenKey::parse(after.key())
        .map_err(|_| StoreError::new("the cursor is of another store"))?;
    Ok(Bound::Excluded((after.due_at(), key)))
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
            place.intent = Some(Box::new((intent.clone(), Instant::now())));
            Intended::Written
        }))
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.at(key, |place| {
            place.intent.take_if(|intent| intent.0.owner == *owner);
        });
        Ok(())
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let committed = self.write(key, |place| place.commit(condition, record));
        self.0.changed.notify_waiters();
        Ok(committed)
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        let removed = self.write(key, Place::entomb);
        self.0.changed.notify_waiters();
        Ok(removed)
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        let found = self.places().due(before, limit, from(after)?);
        Ok(DuePage::of_at_most(limit, found))
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
