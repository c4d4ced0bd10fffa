use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use token_core::{Clock, ClockReading, Timestamp};

/// A clock that moves only when the test moves it. Clones share the time.
///
/// ```
/// use std::time::Duration;
/// use token_testkit::ManualClock;
/// use token_core::{Clock, Timestamp};
///
/// let clock = ManualClock::at(Timestamp::from_unix_seconds(1_700_000_000));
/// clock.advance(Duration::from_secs(60));
/// clock.step_wall(-3_600_000);
/// assert_eq!(clock.now().wall, Timestamp::from_unix_seconds(1_699_996_460));
/// assert_eq!(clock.now().elapsed, Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<ClockReading>>);

impl ManualClock {
    /// Returns a clock that is set to this wall time.
    pub fn at(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(ClockReading {
            wall,
            elapsed: Duration::ZERO,
        })))
    }

    /// Advances both wall and elapsed time by `span`, as time passes, also while a machine is
    /// suspended.
    pub fn advance(&self, span: Duration) {
        self.change(|moment| ClockReading {
            wall: moment.wall.after(span),
            elapsed: moment.elapsed.saturating_add(span),
        });
    }

    /// Steps only the wall clock, by signed milliseconds, as an administrator or NTP does.
    pub fn step_wall(&self, millis: i64) {
        self.change(|moment| ClockReading {
            wall: moment.wall.shifted(millis),
            ..moment
        });
    }

    fn change(&self, change: impl FnOnce(ClockReading) -> ClockReading) {
        let mut moment = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *moment = change(*moment);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> ClockReading {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
