//! Makes [`Attempt`]s: corrected by the server's clock, strictly later each time.

use std::sync::atomic::{AtomicI64, Ordering};

use token_core::{Attempt, ServerOffset, Timestamp};

use crate::entropy::Entropy;

/// `Date` has whole seconds, so two looks at one clock differ by about that much.
const SAME_OFFSET_MILLIS: u64 = 2_000;
/// Time servers step a clock back by so much at most; one that steps further was wrong before, and a vendor that looks at timestamps
/// would refuse those that stay ahead.
const LONGEST_STEP_BACK_MILLIS: i64 = 30_000;

#[derive(Debug)]
pub(crate) struct Attempts {
    entropy: Entropy,
    offset_millis: AtomicI64,
    last_millis: AtomicI64,
}

impl Attempts {
    pub(crate) fn new(entropy: Entropy) -> Self {
        Self {
            entropy,
            offset_millis: AtomicI64::new(0),
            last_millis: AtomicI64::new(i64::MIN),
        }
    }

    /// The next attempt at this local time. Two in one millisecond, or a wall clock that stepped back, still give different and growing
    /// instants: a vendor may refuse a repeated one (EnOS 1001).
    pub(crate) fn next(&self, now: Timestamp) -> Attempt {
        let wanted = self.offset().server_time(now).unix_millis();
        let after = |last: i64| match last.saturating_sub(wanted) {
            // The clock was wrong before: instants of then are of no use as a floor.
            ahead if ahead > LONGEST_STEP_BACK_MILLIS => wanted,
            _ => wanted.max(last.saturating_add(1)),
        };
        let last = self
            .last_millis
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        let last = last.unwrap_or_else(|unchanged| unchanged);
        Attempt::new(Timestamp::from_unix_millis(after(last)), self.entropy.bytes())
    }

    /// Remembers what the server's clock differs by, where it tells something new.
    pub(crate) fn correct_by(&self, offset: ServerOffset) {
        if offset.millis().abs_diff(self.offset().millis()) < SAME_OFFSET_MILLIS {
            return;
        }
        self.offset_millis.store(offset.millis(), Ordering::SeqCst);
        // Instants that were sent with the wrong clock are of no use as a floor any more.
        self.last_millis.store(i64::MIN, Ordering::SeqCst);
    }

    pub(crate) fn offset(&self) -> ServerOffset {
        ServerOffset::from_millis(self.offset_millis.load(Ordering::SeqCst))
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.entropy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        Attempts::new(Entropy::from_system().unwrap())
    }

    #[test]
    fn attempts_in_one_millisecond_have_growing_instants() {
        let attempts = attempts();
        let now = Timestamp::from_unix_seconds(1000);
        let instants: Vec<i64> = (0..100).map(|_| attempts.next(now).now().unix_millis()).collect();
        assert!(instants.is_sorted_by(|a, b| a < b));
        assert_eq!(instants[0], 1_000_000);
    }

    #[test]
    fn a_clock_that_steps_back_a_little_does_not_repeat_an_instant() {
        let attempts = attempts();
        let first = attempts.next(Timestamp::from_unix_millis(5_000)).now();
        assert!(attempts.next(Timestamp::from_unix_millis(4_000)).now() > first);
    }

    // FAULTS.md row 18
    #[test]
    fn a_clock_that_steps_back_by_hours_does_not_leave_instants_ahead_of_time() {
        let attempts = attempts();
        attempts.next(Timestamp::from_unix_seconds(90_000));
        let corrected = Timestamp::from_unix_seconds(1_000);
        assert_eq!(attempts.next(corrected).now(), corrected);
    }

    #[test]
    fn attempts_follow_the_servers_clock() {
        let attempts = attempts();
        attempts.next(Timestamp::from_unix_seconds(1000));
        attempts.correct_by(ServerOffset::from_millis(-600_000));
        assert_eq!(
            attempts.next(Timestamp::from_unix_seconds(1000)).now(),
            Timestamp::from_unix_seconds(400)
        );
    }

    #[test]
    fn no_two_attempts_share_a_nonce() {
        let attempts = attempts();
        let now = Timestamp::from_unix_seconds(0);
        assert_ne!(attempts.next(now).nonce(), attempts.next(now).nonce());
    }
}
