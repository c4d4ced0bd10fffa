//! A store for one process.

mod changes;
mod place;
mod shard;

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hashbrown::DefaultHashBuilder;
use token_core::store::{
    Acquired, CommitCondition, Committed, Due, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use token_core::{Generation, Timestamp, TokenKey};
use tokio::time::Instant;

use self::place::Place;
use self::shard::{Hashed, Shard, Table, Turn};

/// Of a store that many threads use.
const SHARDS: usize = 16;

/// Keeps tokens in memory; they are lost with the process. Clones share their content, so that
/// several caches of one process can share a grant.
///
/// ```
/// use token_cache::MemoryStore;
///
/// let store = MemoryStore::new();
/// let same = store.clone();
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore(Arc<Shards>);

/// The keys in parts, so that threads seldom wait for each other.
#[derive(Debug)]
struct Shards {
    shards: Box<[Shard]>,
    hasher: DefaultHashBuilder,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::of_shards(SHARDS)
    }
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a store that is small as long as it is empty.
    pub(crate) fn for_one_cache() -> Self {
        Self::of_shards(1)
    }

    fn of_shards(count: usize) -> Self {
        Self(Arc::new(Shards {
            shards: (0..count).map(|_| Shard::default()).collect(),
            hasher: DefaultHashBuilder::default(),
        }))
    }

    fn at<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Place) -> T) -> T {
        let key = self.0.hashed(key);
        self.0.shard(key).table().at(key, act)
    }

    /// Like `at`, for an act that may change the record.
    fn write<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Place) -> T) -> T {
        let key = self.0.hashed(key);
        let shard = self.0.shard(key);
        let done = shard.table().write(key, act);
        shard.changes.tell();
        done
    }
}

impl Shards {
    fn hashed<'a>(&'a self, key: &'a TokenKey) -> Hashed<'a> {
        Hashed::new(key, &self.hasher)
    }

    #[expect(clippy::indexing_slicing, reason = "there are so many")]
    fn shard(&self, key: Hashed<'_>) -> &Shard {
        // A table uses the lowest bits and the highest seven.
        let index = usize::try_from(key.hash >> 40).unwrap_or(0);
        &self.shards[index % self.shards.len()]
    }

    /// Returns the first that are due after a position, of all shards at one instant.
    fn due(&self, before: Timestamp, limit: usize, from: Bound<&Turn>) -> Vec<Due> {
        let tables: Vec<_> = self.shards.iter().map(Shard::table).collect();
        let first = |table| {
            Table::due(table, before, from)
                .take(limit)
                .map(move |turn| (turn, table))
        };
        let mut turns: Vec<_> = tables
            .iter()
            .map(|table| &**table)
            .flat_map(first)
            .collect();
        // What is sorted already in parts is sorted fast by this.
        turns.sort_by_key(|(turn, _)| *turn);
        let turns = turns.into_iter().take(limit);
        turns
            .filter_map(|((_, key), table)| table.due_of(self.hashed(key)))
            .collect()
    }
}

/// Returns where a page begins.
fn from(after: Option<&DueCursor>) -> Result<Bound<Turn>, StoreError> {
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
        let now = Instant::now();
        Ok(self.at(key, |place| place.entry(now)))
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let now = Instant::now();
        Ok(self.at(key, |place| {
            if let Some((leased_to, until)) = place.live_lease(now)
                && leased_to != owner
            {
                return Acquired::Busy {
                    left: until.saturating_duration_since(now),
                    entry: place.entry(now),
                };
            }
            place.lease = Some((owner.clone(), now + life));
            Acquired::Held(place.entry(now))
        }))
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        let now = Instant::now();
        Ok(self.at(key, |place| {
            if !place.is_held_by(owner, now) {
                return Renewed::Lost;
            }
            place.lease = Some((owner.clone(), now + life));
            Renewed::Held
        }))
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.write(key, |place| {
            place.lease.take_if(|(holder, _)| holder == owner)
        });
        Ok(())
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        let now = Instant::now();
        Ok(self.at(key, |place| {
            if !place.is_held_by(&intent.owner, now) {
                return Intended::LeaseLost;
            }
            place.intent = Some(Box::new((intent.clone(), now)));
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
        Ok(self.write(key, |place| place.commit(condition, record)))
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        Ok(self.write(key, Place::entomb))
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        let found = self.0.due(before, limit, from(after)?.as_ref());
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
        let hashed = self.0.hashed(key);
        let shard = self.0.shard(hashed);
        let is_unchanged = || shard.table().at(hashed, |place| place.generation()) == seen;
        shard.changes.wait(at_most, is_unchanged).await;
        None
    }
}
