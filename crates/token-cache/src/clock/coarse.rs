//! The two clocks of the last timer tick, which together show in a few nanoseconds that nothing
//! has happened but time.

use std::num::NonZeroI64;
use std::time::Duration;

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock and the monotonic clock of the last timer tick, in nanoseconds.
///
/// The monotonic clock stands still in suspend, and neither counts from a known instant. But their
/// difference changes only if the wall clock is set or the machine was suspended: both are slewed
/// alike. While it stays the same, the monotonic clock alone tells how much time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoarseReading {
    pub(crate) wall: i64,
    pub(crate) monotonic: i64,
}

/// A span of monotonic time, and what the difference of the two clocks is throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoarseSpan {
    until: NonZeroI64,
    difference: i64,
}

/// A smaller step of the wall clock does not matter: tokens end at whole seconds or milliseconds. A
/// timer tick between the two reads, of 1 to 10 milliseconds, looks like a step.
const TOLERANCE: u64 = 500_000;

impl CoarseReading {
    /// Reads both; `None` where there are no such clocks.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[inline]
    pub(crate) fn now() -> Option<Self> {
        Some(Self {
            wall: nanoseconds(clock_gettime(ClockId::RealtimeCoarse)),
            monotonic: nanoseconds(clock_gettime(ClockId::MonotonicCoarse)),
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn now() -> Option<Self> {
        None
    }

    fn difference(self) -> i64 {
        self.wall.wrapping_sub(self.monotonic)
    }
}

/// Wraps after 292 years, as the difference does.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn nanoseconds(time: Timespec) -> i64 {
    time.tv_sec
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec)
}

impl CoarseSpan {
    /// Contains nothing.
    pub(crate) const EMPTY: Self = Self {
        until: NonZeroI64::MIN,
        difference: 0,
    };

    /// Returns the span that begins now and lasts for so long.
    pub(crate) fn starting(now: CoarseReading, length: Duration) -> Self {
        let length = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        Self {
            // Zero, which is left out, is before the machine had a clock.
            until: NonZeroI64::new(now.monotonic.saturating_add(length)).unwrap_or(NonZeroI64::MIN),
            difference: now.difference(),
        }
    }

    /// Whether the span goes on: it is not over, the wall clock was not set, and the machine was
    /// not suspended. If not, only the precise clocks can tell. The one thing that is not noticed
    /// is a wall clock that was set back by just as long as the machine was suspended.
    pub(crate) fn contains(self, now: CoarseReading) -> bool {
        let change = now.difference().wrapping_sub(self.difference);
        now.monotonic < self.until.get() && change.unsigned_abs() < TOLERANCE
    }
}
