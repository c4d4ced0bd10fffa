//! Makes [`Attempt`]s: corrected by the server's clock, and strictly later each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use token_core::{Attempt, ClockReading, ServerOffset, Timestamp};

use crate::current::entropy::Entropy;

/// `Date` has whole seconds, so two readings of one clock differ by about this much.
const SAME_OFFSET_MILLIS: u64 = 2_000;
/// A time server steps a clock back by at most this much. A clock that steps further was wrong
/// before, and a vendor that checks timestamps would refuse those that stay ahead.
const LONGEST_STEP_BACK_MILLIS: i64 = 30_000;

#[derive(Debug)]
pub(crate) struct Attempts {
    entropy: Arc<Entropy>,
    server: Arc<ServerClock>,
    last_millis: AtomicI64,
}

/// What is known about a server's clock. The engines of a pool share it for each deployment.
#[derive(Debug)]
pub(crate) struct ServerClock {
    /// The server's time less our elapsed time, in milliseconds. In this form it stays right if our
    /// wall clock is corrected.
    less_elapsed: AtomicI64,
}

/// Nothing is known about the server's clock: ours is used.
const UNKNOWN: i64 = i64::MIN;

impl Attempts {
    pub(crate) fn new(entropy: Arc<Entropy>, server: Arc<ServerClock>) -> Self {
        Self {
            entropy,
            server,
            last_millis: AtomicI64::new(i64::MIN),
        }
    }

    /// Returns the next attempt. Two in one millisecond, or after the wall clock stepped back,
    /// still have different and growing instants: a vendor may refuse a repeated one (EnOS 1001).
    pub(crate) fn next(&self, now: &ClockReading) -> Attempt {
        let wanted = self.server_time(now).unix_millis();
        let after = |last: i64| match last.saturating_sub(wanted) {
            // The clock was wrong before, so earlier instants are no lower bound.
            ahead if ahead > LONGEST_STEP_BACK_MILLIS => wanted,
            _ => wanted.max(last.saturating_add(1)),
        };
        let last = self
            .last_millis
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        let last = last.unwrap_or_else(|unchanged| unchanged);
        Attempt::new(
            Timestamp::from_unix_millis(after(last)),
            self.entropy.bytes(),
        )
    }

    /// Learns how far the server's clock is ahead of ours at this time, if that is new.
    pub(crate) fn correct_by(&self, offset: ServerOffset, at: &ClockReading) {
        let known = self.server_time(at).unix_millis();
        let told = offset.server_time(at.wall).unix_millis();
        let is_known = self.server.less_elapsed.load(Ordering::SeqCst) != UNKNOWN;
        let is_news = told.abs_diff(known) >= SAME_OFFSET_MILLIS;
        if is_known && !is_news {
            return;
        }
        let elapsed = millis(at.elapsed);
        self.server.less_elapsed.store(
            told.saturating_sub(elapsed).max(UNKNOWN + 1),
            Ordering::SeqCst,
        );
        if is_news {
            // Instants by the wrong clock are no lower bound any more.
            self.last_millis.store(i64::MIN, Ordering::SeqCst);
        }
    }

    /// Returns how far the server's clock is ahead of ours; zero if nothing is known.
    pub(crate) fn offset(&self, now: &ClockReading) -> ServerOffset {
        let server = self.server_time(now).unix_millis();
        ServerOffset::from_millis(server.saturating_sub(now.wall.unix_millis()))
    }

    fn server_time(&self, now: &ClockReading) -> Timestamp {
        match self.server.less_elapsed.load(Ordering::SeqCst) {
            UNKNOWN => now.wall,
            less_elapsed => {
                Timestamp::from_unix_millis(less_elapsed.saturating_add(millis(now.elapsed)))
            }
        }
    }
}

impl Default for ServerClock {
    fn default() -> Self {
        Self {
            less_elapsed: AtomicI64::new(UNKNOWN),
        }
    }
}

fn millis(elapsed: Duration) -> i64 {
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This wall time, when so much time had elapsed.
    fn at(wall_millis: i64, elapsed_millis: u64) -> ClockReading {
        ClockReading {
            wall: Timestamp::from_unix_millis(wall_millis),
            elapsed: Duration::from_millis(elapsed_millis),
        }
    }

    fn attempts() -> Attempts {
        Attempts::new(Arc::new(Entropy::from_system().unwrap()), Arc::default())
    }

    #[test]
    fn attempts_in_one_millisecond_have_growing_instants() {
        let attempts = attempts();
        let now = at(1_000_000, 0);
        let instants: Vec<i64> = (0..100)
            .map(|_| attempts.next(&now).now().unix_millis())
            .collect();
        assert!(instants.is_sorted_by(|a, b| a < b));
        assert_eq!(instants[0], 1_000_000);
    }

    #[test]
    fn a_clock_that_steps_back_a_little_does_not_repeat_an_instant() {
        let attempts = attempts();
        let first = attempts.next(&at(5_000, 0)).now();
        assert!(attempts.next(&at(4_000, 10)).now() > first);
    }

    // FAULTS.md row 18
    #[test]
    fn a_clock_that_steps_back_by_hours_does_not_leave_instants_ahead_of_time() {
        let attempts = attempts();
        attempts.next(&at(90_000_000, 0));
        let corrected = at(1_000_000, 10);
        assert_eq!(attempts.next(&corrected).now(), corrected.wall);
    }

    #[test]
    fn attempts_follow_the_servers_clock() {
        let attempts = attempts();
        attempts.next(&at(1_000_000, 0));
        attempts.correct_by(ServerOffset::from_millis(-600_000), &at(1_000_000, 0));
        assert_eq!(
            attempts.next(&at(1_000_000, 0)).now(),
            Timestamp::from_unix_seconds(400)
        );
    }

    // FAULTS.md row 72
    #[test]
    fn a_correction_of_the_wall_clock_does_not_move_the_servers_time() {
        let hour = 3_600_000;
        for offset in [0, hour] {
            let attempts = attempts();
            let server = 10 * hour;
            let wall = server - offset;
            attempts.correct_by(ServerOffset::from_millis(offset), &at(wall, 0));
            let minute_later = at(server + 60_000 + 25 * 60_000, 60_000);
            assert_eq!(
                attempts.next(&minute_later).now().unix_millis(),
                server + 60_000
            );
            assert_eq!(attempts.offset(&minute_later).millis(), -25 * 60_000);
        }
    }

    #[test]
    fn no_two_attempts_share_a_nonce() {
        let attempts = attempts();
        let now = at(0, 0);
        assert_ne!(attempts.next(&now).nonce(), attempts.next(&now).nonce());
    }
}
