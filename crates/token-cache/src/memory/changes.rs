//! Wakes those who wait for a change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Mostly zero: then a change takes no lock for those who wait.
    waiting: AtomicUsize,
    changed: Notify,
}

/// One who waits is counted until this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Changes {
    /// Tells of a change that was made while the lock of the keys was held.
    pub(super) fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_waiters();
        }
    }

    /// Waits for a change, unless there was one. `is_unchanged` takes the lock of the keys: what
    /// is changed after it looked, is told to who was counted before.
    pub(super) async fn wait(&self, at_most: Duration, is_unchanged: impl FnOnce() -> bool) {
        let _waiting = Waiting::among(&self.waiting);
        let changed = self.changed.notified();
        if is_unchanged() {
            _ = tokio::time::timeout(at_most, changed).await;
        }
    }
}

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_change_right_after_the_look_ends_the_wait() {
        let (changes, began) = (Changes::default(), Instant::now());
        let looks = || {
            changes.tell();
            true
        };
        changes.wait(MINUTE, looks).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_no_more_is_not_counted() {
        let changes = Changes::default();
        changes.wait(MINUTE, || false).await;
        let long = changes.wait(MINUTE, || true);
        _ = tokio::time::timeout(MINUTE / 2, long).await;
        assert_eq!(changes.waiting.load(Ordering::SeqCst), 0);
    }
}
