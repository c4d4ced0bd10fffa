//! The keys of one part of the store, behind a lock of their own.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use token_core::store::Due;
use token_core::{Timestamp, TokenKey};

use super::changes::Changes;
use super::place::Place;

/// A key whose record has a due time, in the order of pages. The key is seldom compared, and then
/// in memory that is not in a processor's cache.
pub(super) type Turn = (Timestamp, TokenKey);

#[derive(Debug, Default)]
pub(super) struct Shard {
    table: Mutex<Table>,
    pub(super) changes: Changes,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    places: HashTable<(TokenKey, Box<Place>)>,
    by_due_time: BTreeSet<Turn>,
}

/// A key with its hash, which is calculated once per operation.
#[derive(Clone, Copy)]
pub(super) struct Hashed<'a> {
    key: &'a TokenKey,
    pub(super) hash: u64,
    hasher: &'a DefaultHashBuilder,
}

impl<'a> Hashed<'a> {
    pub(super) fn new(key: &'a TokenKey, hasher: &'a DefaultHashBuilder) -> Self {
        let hash = hasher.hash_one(key);
        Self { key, hash, hasher }
    }
}

impl Shard {
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    pub(super) fn at<T>(&mut self, key: Hashed<'_>, act: impl FnOnce(&mut Place) -> T) -> T {
        act(&mut entry(&mut self.places, key).1)
    }

    /// Like `at`, for an act that may change the record.
    pub(super) fn write<T>(&mut self, key: Hashed<'_>, act: impl FnOnce(&mut Place) -> T) -> T {
        let (key, place) = entry(&mut self.places, key);
        let before = place.due_at();
        let done = act(place);
        let after = place.due_at();
        if before != after {
            move_turn(&mut self.by_due_time, key, before, after);
        }
        done
    }

    /// Returns the keys that are due before an instant, in the order of pages.
    pub(super) fn due(&self, before: Timestamp, from: Bound<&Turn>) -> impl Iterator<Item = &Turn> {
        let later = self.by_due_time.range((from, Bound::Unbounded));
        later.take_while(move |(due_at, _)| *due_at < before)
    }

    pub(super) fn due_of(&self, key: Hashed<'_>) -> Option<Due> {
        let (key, place) = self.places.find(key.hash, |(found, _)| found == key.key)?;
        Due::of(key, &place.record.as_ref()?.0)
    }
}

fn entry<'a>(
    places: &'a mut HashTable<(TokenKey, Box<Place>)>,
    key: Hashed<'_>,
) -> &'a mut (TokenKey, Box<Place>) {
    let is_it = |(found, _): &(TokenKey, Box<Place>)| found == key.key;
    let hash_of = |(found, _): &(TokenKey, Box<Place>)| key.hasher.hash_one(found);
    match places.entry(key.hash, is_it, hash_of) {
        Entry::Occupied(found) => found.into_mut(),
        Entry::Vacant(vacant) => vacant.insert((key.key.clone(), Box::default())).into_mut(),
    }
}

fn move_turn(
    turns: &mut BTreeSet<Turn>,
    key: &TokenKey,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
) {
    let mut key = key.clone();
    if let Some(before) = before {
        let turn = (before, key);
        turns.remove(&turn);
        key = turn.1;
    }
    if let Some(after) = after {
        turns.insert((after, key));
    }
}
