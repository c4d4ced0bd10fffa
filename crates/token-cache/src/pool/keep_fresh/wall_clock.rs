//! Notices that the wall clock was set forward: tokens are due then that the schedule, which is in
//! elapsed time, has for later.

use token_core::ClockReading;

/// A smaller step is not worth making the schedule again.
const STEP_MILLIS: i64 = 5_000;

/// How far the wall clock was ahead of elapsed time when the schedule was made, in milliseconds.
pub(super) struct WallClock(i64);

impl WallClock {
    pub(super) fn at(now: &ClockReading) -> Self {
        Self(ahead(now))
    }

    /// Whether it was set forward since. One that was set back makes no token due.
    pub(super) fn has_stepped_forward(&mut self, now: &ClockReading) -> bool {
        let ahead = ahead(now);
        let has_stepped = ahead.saturating_sub(self.0) > STEP_MILLIS;
        if has_stepped || ahead < self.0 {
            self.0 = ahead;
        }
        has_stepped
    }
}

fn ahead(now: &ClockReading) -> i64 {
    let elapsed = i64::try_from(now.elapsed.as_millis()).unwrap_or(i64::MAX);
    now.wall.unix_millis().saturating_sub(elapsed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use token_core::Timestamp;

    use super::*;

    #[test]
    fn each_step_forward_is_noticed_once_and_also_after_a_step_back() {
        let at = |wall: i64, elapsed: u64| ClockReading {
            wall: Timestamp::from_unix_seconds(wall),
            elapsed: Duration::from_secs(elapsed),
        };
        let mut clock = WallClock::at(&at(1000, 0));
        let steps = [(1010, 10), (1115, 15), (1116, 16), (900, 20), (1000, 21)];
        let noticed = steps.map(|(wall, elapsed)| clock.has_stepped_forward(&at(wall, elapsed)));
        assert_eq!(noticed, [false, true, false, false, true]);
    }
}
