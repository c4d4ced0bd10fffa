//! The accounts of a pool that are in memory: a table in shards, so that threads seldom wait for
//! each other.

mod eviction;
mod hand;
mod slot;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::hash_table::Entry as TableEntry;
use hashbrown::{DefaultHashBuilder, HashTable};
use smol_str::SmolStr;
use token_core::{Clock as _, ClockReading, TokenKey};

use self::hand::Hand;
use self::slot::due::Turn;
use self::slot::ending::Ended;
pub(super) use self::slot::{DeploymentHash, Slot, Wanted};
use self::slot::{KeyHash, NewWork};
use super::deployment_name::deployment_name;
use super::health::account::AccountHealth;
use super::schedule::{Scheduled, second};
use crate::clock::CacheClock;
use crate::current::cached_token::CachedToken;
use crate::current::token_guard::TokenGuard;
use crate::flight::Shared;
use crate::flight::in_pool::InPool;

/// A power of two.
const SHARDS: usize = 128;

type Table = HashTable<Entry>;

/// The accounts in memory.
pub(super) struct Accounts {
    shards: Box<[RwLock<Table>; SHARDS]>,
    hasher: DefaultHashBuilder,
    count: AtomicUsize,
    hand: Mutex<Hand>,
}

/// What is known about one account.
pub(super) struct Entry {
    /// Short ones stand here: a look at another place in memory costs as much as all the rest.
    account: SmolStr,
    pub(super) slot: Slot,
}

impl Entry {
    pub(super) fn account(&self) -> Arc<str> {
        self.account.as_str().into()
    }

    /// Returns the account and the deployment of its grant.
    pub(super) fn named(&self) -> (DeploymentHash, Arc<str>) {
        (self.deployment(), self.account())
    }

    pub(super) fn deployment(&self) -> DeploymentHash {
        self.slot.key().deployment()
    }
}

/// What became of the engine of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It works on, or there was none; or the account is no more in memory, or stands in the
    /// schedule.
    NothingToDo,
    /// It ended; the token is to be scheduled for this second of elapsed time.
    AtRest(Scheduled),
    /// It ended, and the account left memory, since there were too many.
    Evicted,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            shards: Box::new(std::array::from_fn(|_| RwLock::default())),
            hasher: DefaultHashBuilder::default(),
            count: AtomicUsize::new(0),
            hand: Mutex::default(),
        }
    }
}

impl Accounts {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the token if it is fresh.
    pub(super) fn fresh(&self, account: &str, clock: &CacheClock) -> Option<TokenGuard> {
        let hash = self.hash(account);
        let table = self.read(hash);
        find(&table, hash, account)?.slot.fresh(clock)
    }

    pub(super) fn health_of(&self, account: &str, now: &ClockReading) -> Option<AccountHealth> {
        let hash = self.hash(account);
        let table = self.read(hash);
        Some(find(&table, hash, account)?.slot.health(now))
    }

    pub(super) fn has(&self, account: &str) -> bool {
        let hash = self.hash(account);
        find(&self.read(hash), hash, account).is_some()
    }

    /// Returns the token of the account, fresh or not.
    pub(super) fn cached(&self, account: &str) -> Option<Arc<CachedToken>> {
        let hash = self.hash(account);
        let table = self.read(hash);
        Some(find(&table, hash, account)?.slot.cached())
    }

    /// Returns the engine that works for the account, if there is one.
    pub(super) fn engine(&self, account: &str, wanted: Wanted) -> Option<Arc<Shared>> {
        let hash = self.hash(account);
        let table = self.read(hash);
        find(&table, hash, account)?.slot.engine(wanted)
    }

    /// Puts an engine to work, unless another thread was quicker. Returns the one that works.
    pub(super) fn put_to_work(
        &self,
        engine: Arc<Shared>,
        place: InPool,
        wanted: Wanted,
    ) -> Arc<Shared> {
        let account = place.account.clone();
        let hash = self.hash(&account);
        let key = self.key_hash(engine.current.key());
        let work = NewWork {
            engine,
            place,
            key,
            wanted,
        };
        let mut table = self.write(hash);
        let is_it = |entry: &Entry| *entry.account == *account;
        match table.entry(hash, is_it, |entry| self.hash(&entry.account)) {
            TableEntry::Occupied(mut entry) => entry.get_mut().slot.put_to_work(work),
            TableEntry::Vacant(entry) => {
                let (slot, engine) = Slot::new(work);
                let account = SmolStr::new(&account);
                entry.insert(Entry { account, slot });
                self.count.fetch_add(1, Ordering::Relaxed);
                engine
            }
        }
    }

    /// Ends the engine of the account if it has nothing to do and nobody uses it. If there are more
    /// than `limit` accounts then, the account leaves: when it came, no other could.
    pub(super) fn settle(&self, account: &str, limit: usize, clock: &CacheClock) -> Settled {
        let hash = self.hash(account);
        let mut table = self.write(hash);
        let is_it = |entry: &Entry| *entry.account == *account;
        let Ok(mut entry) = table.find_entry(hash, is_it) else {
            return Settled::NothingToDo;
        };
        let settled = match entry.get_mut().slot.settle() {
            Ended::No => return Settled::NothingToDo,
            Ended::Useless => Settled::NothingToDo,
            Ended::Kept(_) if self.count() > limit && is_free(entry.get(), clock) => {
                Settled::Evicted
            }
            Ended::Kept(Some(due)) => return Settled::AtRest((due, hash)),
            Ended::Kept(None) => return Settled::NothingToDo,
        };
        entry.remove();
        self.count.fetch_sub(1, Ordering::Relaxed);
        settled
    }

    /// Removes the account; if its engine is at work, once that has nothing to do.
    pub(super) fn forget(&self, account: &str) {
        let hash = self.hash(account);
        let mut table = self.write(hash);
        let is_it = |entry: &Entry| *entry.account == *account;
        if let Ok(mut entry) = table.find_entry(hash, is_it)
            && entry.get_mut().slot.forget()
        {
            entry.remove();
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns the hash of an account that is to be put into the schedule for this second: it is in
    /// memory, and its turn does not come before.
    pub(super) fn schedule(&self, account: &str, due: u32) -> Option<u64> {
        let hash = self.hash(account);
        let mut table = self.write(hash);
        let entry = table.find_mut(hash, |entry| *entry.account == *account)?;
        entry.slot.schedule(due).then_some(hash)
    }

    /// Takes the turn of an account. Returns the account if it is to be refreshed; what is not due
    /// yet is added to `later`.
    pub(super) fn take_turn(
        &self,
        (turn, hash): Scheduled,
        now: &ClockReading,
        later: &mut Vec<Scheduled>,
    ) -> Option<(DeploymentHash, Arc<str>)> {
        let mut table = self.write(hash);
        let entry = table.find_mut(hash, |entry| self.hash(&entry.account) == hash)?;
        match entry.slot.take_turn(turn, now) {
            Turn::Refresh => return Some(entry.named()),
            Turn::Later(due) => later.push((due, hash)),
            Turn::Nothing => {}
        }
        None
    }

    /// Schedules all accounts that are at rest, in an empty schedule. Those at work are scheduled
    /// when they end.
    pub(super) fn schedule_all(&self, now: &ClockReading) -> Vec<Scheduled> {
        let mut scheduled = Vec::new();
        for shard in &*self.shards {
            for entry in &mut *write(shard) {
                let due = entry.slot.schedule_again(now);
                scheduled.extend(due.map(|due| (due, self.hash(&entry.account))));
            }
        }
        scheduled
    }

    /// Returns what `of` returns for each account, shard by shard.
    pub(super) fn each<T>(&self, of: impl Fn(&Entry) -> Option<T>) -> impl Iterator<Item = T> {
        self.shards.iter().flat_map(move |shard| {
            let table = shard.read().unwrap_or_else(PoisonError::into_inner);
            table.iter().filter_map(&of).collect::<Vec<_>>()
        })
    }

    /// Returns the deployment of a grant, as the accounts here have it.
    pub(super) fn deployment(&self, key: &TokenKey) -> DeploymentHash {
        self.deployment_named(deployment_name(key))
    }

    pub(super) fn deployment_named(&self, name: &str) -> DeploymentHash {
        DeploymentHash::of(self.hash(name))
    }

    fn key_hash(&self, key: &TokenKey) -> KeyHash {
        KeyHash::of(self.hash(key.as_str()), self.deployment(key))
    }

    fn hash(&self, account: &str) -> u64 {
        self.hasher.hash_one(account)
    }

    fn shard(&self, hash: u64) -> &RwLock<Table> {
        // The table uses the lowest bits and the highest seven.
        let index = usize::try_from(hash >> 40).unwrap_or(0);
        self.shard_at(index)
    }

    #[expect(clippy::indexing_slicing, reason = "there are so many")]
    fn shard_at(&self, index: usize) -> &RwLock<Table> {
        &self.shards[index % SHARDS]
    }

    fn read(&self, hash: u64) -> RwLockReadGuard<'_, Table> {
        let shard = self.shard(hash).read();
        shard.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, Table> {
        write(self.shard(hash))
    }
}

fn write(shard: &RwLock<Table>) -> RwLockWriteGuard<'_, Table> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

fn is_free(entry: &Entry, clock: &CacheClock) -> bool {
    entry.slot.is_free(second(clock.now().elapsed))
}

fn find<'a>(table: &'a Table, hash: u64, account: &str) -> Option<&'a Entry> {
    table.find(hash, |entry| *entry.account == *account)
}
