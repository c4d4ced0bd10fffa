//! When refreshes are due: buckets of one second of elapsed time. What was scheduled anew stays in
//! its old bucket, and is passed over there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The schedule of a pool. It is empty until somebody wants the tokens kept fresh.
#[derive(Debug, Default)]
pub(super) struct Schedule(Mutex<Option<Buckets>>);

/// Hashes of accounts, by the second at which their refresh is due.
type Buckets = BTreeMap<u32, Vec<u64>>;

impl Schedule {
    /// Begins to keep what is added. Returns false if it has begun before.
    pub(super) fn begin(&self) -> bool {
        let mut schedule = self.lock();
        let begins = schedule.is_none();
        schedule.get_or_insert_default();
        begins
    }

    /// Forgets everything, and keeps nothing any more.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    pub(super) fn add(&self, due: u32, hash: u64) {
        if let Some(buckets) = &mut *self.lock() {
            buckets.entry(due).or_default().push(hash);
        }
    }

    pub(super) fn add_all(&self, scheduled: Vec<(u32, u64)>) {
        if let Some(buckets) = &mut *self.lock() {
            for (due, hash) in scheduled {
                buckets.entry(due).or_default().push(hash);
            }
        }
    }

    /// Takes what is due at this time.
    pub(super) fn take_due(&self, now: Duration) -> Vec<(u32, u64)> {
        let mut due = Vec::new();
        let mut schedule = self.lock();
        let Some(buckets) = &mut *schedule else {
            return due;
        };
        while let Some(bucket) = buckets.first_entry()
            && Duration::from_secs(u64::from(*bucket.key())) <= now
        {
            let (second, hashes) = bucket.remove_entry();
            due.extend(hashes.into_iter().map(|hash| (second, hash)));
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, Option<Buckets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first whole second of elapsed time that is not before this.
pub(super) fn second(elapsed: Duration) -> u32 {
    let up = u64::from(elapsed.subsec_nanos() > 0);
    let seconds = elapsed.as_secs().saturating_add(up);
    // A hundred years: no token is due then.
    u32::try_from(seconds).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_is_due_is_taken_once_in_order_and_never_early() {
        let schedule = Schedule::default();
        assert!(schedule.begin() && !schedule.begin());
        for (due, hash) in [(9_001, 3), (2_000, 1), (9_500, 4), (2_500, 2)] {
            schedule.add(second(at(due)), hash);
        }
        assert!(schedule.take_due(at(1_999)).is_empty());
        assert_eq!(schedule.take_due(at(3_000)), [(2, 1), (3, 2)]);
        assert!(schedule.take_due(at(9_999)).is_empty());
        assert_eq!(schedule.take_due(at(60_000)), [(10, 3), (10, 4)]);
        assert!(schedule.take_due(Duration::MAX).is_empty());
    }

    #[test]
    fn nothing_is_kept_while_nobody_takes_it() {
        let schedule = Schedule::default();
        schedule.add(1, 1);
        _ = schedule.begin();
        assert!(schedule.take_due(Duration::MAX).is_empty());
        schedule.add(1, 1);
        schedule.end();
        _ = schedule.begin();
        assert!(schedule.take_due(Duration::MAX).is_empty());
    }
}
