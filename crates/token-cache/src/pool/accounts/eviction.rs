//! Which accounts leave memory if there are too many: those that were not used for longest, about
//! (second chance). The store has what they leave behind.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::hand::{Hand, SearchPause};
use super::slot::ending::Ended;
use super::{Accounts, SHARDS, write};
use crate::pool::schedule::Scheduled;

/// What an eviction did.
#[derive(Debug, Default)]
pub(in crate::pool) struct Evicted {
    pub(in crate::pool) count: u64,
    /// Accounts whose engine was found idle, and when they are due.
    pub(in crate::pool) came_to_rest: Vec<Scheduled>,
}

impl Accounts {
    /// Evicts accounts at this second of elapsed time, until at most `limit` are left, or all
    /// others are at work or have failed a moment ago.
    pub(in crate::pool) fn evict_down_to(&self, limit: usize, now: u32) -> Evicted {
        let mut evicted = Evicted::default();
        while self.count() > limit && self.evict_one(now, &mut evicted.came_to_rest) {
            evicted.count += 1;
        }
        evicted
    }

    fn evict_one(&self, now: u32, came_to_rest: &mut Vec<Scheduled>) -> bool {
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        if hand.pause.holds(now) {
            return false;
        }
        // In the first round, those that were used get a second chance.
        let found = (0..=2 * SHARDS).any(|_| {
            let evicted = self.evict_from(&mut hand, now, came_to_rest);
            if !evicted {
                hand.shard = (hand.shard + 1) % SHARDS;
                hand.bucket = 0;
            }
            evicted
        });
        if !found {
            hand.pause = SearchPause::after(now);
        }
        found
    }

    fn evict_from(&self, hand: &mut Hand, now: u32, came_to_rest: &mut Vec<Scheduled>) -> bool {
        let mut table = write(self.shard_at(hand.shard));
        while hand.bucket < table.num_buckets() {
            let bucket = hand.bucket;
            hand.bucket += 1;
            let Ok(mut entry) = table.get_bucket_entry(bucket) else {
                continue;
            };
            let ended = entry.get_mut().slot.settle();
            if matches!(ended, Ended::Useless) || entry.get().slot.may_leave(now) {
                entry.remove();
                self.count.fetch_sub(1, Ordering::Relaxed);
                return true;
            }
            if let Ended::Kept(Some(due)) = ended {
                came_to_rest.push((due, self.hash(&entry.get().account)));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_in_vain_is_the_only_one_in_its_second() {
        let accounts = Accounts::default();
        // As if all were at work.
        accounts.count.store(5, Ordering::Relaxed);
        // A search in vain ends one shard further than it began.
        let searches = || accounts.hand.lock().unwrap().shard;
        for (second, expected) in [(7, 1), (7, 1), (7, 1), (8, 2), (8, 2), (9, 3)] {
            assert_eq!(accounts.evict_down_to(3, second).count, 0);
            assert_eq!(searches(), expected, "in second {second}");
        }
    }
}
