//! When refreshes are due: buckets of one second of elapsed time. What was scheduled for an earlier
//! second since stays in its bucket, and is passed over there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::process;

/// A second of elapsed time, and the hash of the account that is scheduled for it.
pub(super) type Scheduled = (u32, u64);

/// No token is due that late: a hundred years.
pub(super) const FAR: u32 = u32::MAX - 1;

/// The schedule of a pool. It is empty until somebody wants the tokens kept fresh.
#[derive(Debug, Default)]
pub(super) struct Schedule(Mutex<Option<Running>>);

#[derive(Debug)]
struct Running {
    /// Hashes of accounts, by the second at which their refresh is due.
    buckets: BTreeMap<u32, Vec<u64>>,
    count: usize,
    /// Whether somebody takes what is due.
    taking: Taking,
}

/// The task that takes what is due, until it is stopped. A forked child has none of its parent's.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    is_stopped: Arc<AtomicBool>,
    process: u32,
}

impl Taking {
    fn begin() -> Self {
        Self {
            is_stopped: Arc::default(),
            process: process::id(),
        }
    }

    fn is_under_way(&self) -> bool {
        !self.is_stopped.load(Ordering::Acquire) && self.process == process::id()
    }

    /// Returns what is set when the task is to stop.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        self.is_stopped.clone()
    }
}

impl Schedule {
    /// Begins to keep what is added, for a task that takes it. `None` if there is one.
    pub(super) fn begin(&self) -> Option<Taking> {
        let mut schedule = self.lock();
        if schedule
            .as_ref()
            .is_some_and(|running| running.taking.is_under_way())
        {
            return None;
        }
        let taking = Taking::begin();
        *schedule = Some(Running {
            buckets: BTreeMap::new(),
            count: 0,
            taking: taking.clone(),
        });
        Some(taking)
    }

    /// Forgets everything, and keeps nothing any more, unless another task has begun.
    pub(super) fn end(&self, taking: &Taking) {
        taking.is_stopped.store(true, Ordering::Release);
        self.lock()
            .take_if(|running| !running.taking.is_under_way());
    }

    /// How many entries there are, also of accounts that are no more in memory.
    pub(super) fn count(&self) -> usize {
        self.lock().as_ref().map_or(0, |running| running.count)
    }

    /// Forgets what was added so far.
    pub(super) fn clear(&self) {
        if let Some(running) = &mut *self.lock() {
            running.buckets.clear();
            running.count = 0;
        }
    }

    pub(super) fn add(&self, scheduled: Scheduled) {
        self.add_all([scheduled]);
    }

    pub(super) fn add_all(&self, scheduled: impl IntoIterator<Item = Scheduled>) {
        if let Some(running) = &mut *self.lock() {
            for (due, hash) in scheduled {
                running.buckets.entry(due).or_default().push(hash);
                running.count += 1;
            }
        }
    }

    /// Takes what is due at this time.
    pub(super) fn take_due(&self, now: Duration) -> Vec<Scheduled> {
        let mut due = Vec::new();
        let mut schedule = self.lock();
        let Some(running) = &mut *schedule else {
            return due;
        };
        while let Some(bucket) = running.buckets.first_entry()
            && Duration::from_secs(u64::from(*bucket.key())) <= now
        {
            let (second, hashes) = bucket.remove_entry();
            running.count = running.count.saturating_sub(hashes.len());
            due.extend(hashes.into_iter().map(|hash| (second, hash)));
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first whole second of elapsed time that is not before this.
pub(super) fn second(elapsed: Duration) -> u32 {
    let up = u64::from(elapsed.subsec_nanos() > 0);
    let seconds = elapsed.as_secs().saturating_add(up);
    u32::try_from(seconds).map_or(FAR, |seconds| seconds.min(FAR))
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
        assert!(schedule.begin().is_some() && schedule.begin().is_none());
        for (due, hash) in [(9_001, 3), (2_000, 1), (9_500, 4), (2_500, 2)] {
            schedule.add((second(at(due)), hash));
        }
        assert!(schedule.take_due(at(1_999)).is_empty());
        assert_eq!(schedule.take_due(at(3_000)), [(2, 1), (3, 2)]);
        assert!(schedule.take_due(at(9_999)).is_empty());
        assert_eq!(schedule.take_due(at(60_000)), [(10, 3), (10, 4)]);
        assert!(schedule.take_due(Duration::MAX).is_empty());
    }

    #[test]
    fn the_task_of_a_parent_process_takes_nothing_in_a_forked_child() {
        let schedule = Schedule::default();
        let of_parent = schedule.begin().unwrap();
        assert!(schedule.begin().is_none(), "it is under way");
        schedule.lock().as_mut().unwrap().taking.process ^= 1;
        let in_child = schedule.begin();
        assert!(in_child.is_some());
        schedule.end(&of_parent);
        schedule.add((1, 1));
        assert_eq!(schedule.take_due(at(2_000)), [(1, 1)]);
    }

    #[test]
    fn nothing_is_kept_while_nobody_takes_it() {
        let schedule = Schedule::default();
        schedule.add((1, 1));
        let taking = schedule.begin().unwrap();
        assert!(schedule.take_due(Duration::MAX).is_empty());
        schedule.add((1, 1));
        schedule.end(&taking);
        _ = schedule.begin();
        assert!(schedule.take_due(Duration::MAX).is_empty());
    }
}
