//! The system's clock, and one that follows tokio's.

pub(crate) mod coarse;

use std::sync::Arc;
use std::time::Duration;

#[cfg(unix)]
use rustix::time::{ClockId, clock_gettime};
use token_core::{Clock, ClockReading, Timestamp};

use self::coarse::CoarseReading;

/// Returns elapsed time in whole milliseconds, as atomics hold it.
pub(crate) fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// The system's clock. Its elapsed time counts suspend on Linux and Android (`CLOCK_BOOTTIME`), on
/// Apple's systems (`CLOCK_MONOTONIC`) and on Windows. On Linux and Android its wall time is that
/// of the last timer tick, at most 10 milliseconds ago: this read costs a quarter of a precise one.
/// While a token is fresh, a cache with this clock reads only the clocks of the last tick.
///
/// ```
/// use token_cache::SystemClock;
/// use token_core::Clock;
///
/// let first = SystemClock.now();
/// assert!(SystemClock.now().elapsed >= first.elapsed);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> ClockReading {
        ClockReading {
            wall: wall(),
            elapsed: elapsed(),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn wall() -> Timestamp {
    let time = clock_gettime(ClockId::RealtimeCoarse);
    let millis = time
        .tv_sec
        .saturating_mul(1000)
        .saturating_add(time.tv_nsec / 1_000_000);
    Timestamp::from_unix_millis(millis)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn elapsed() -> Duration {
    span(clock_gettime(ClockId::Boottime))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn wall() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all other code asks"
    )]
    Timestamp::from(std::time::SystemTime::now())
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn elapsed() -> Duration {
    span(clock_gettime(ClockId::Monotonic))
}

#[cfg(unix)]
fn span(time: rustix::time::Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(not(unix))]
fn elapsed() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all other code asks"
    )]
    let now = Instant::now();
    now.saturating_duration_since(*ORIGIN.get_or_init(|| now))
}

/// The clock of a cache. The system's own needs no dynamic call, and has coarse readings.
#[derive(Clone, Debug)]
pub(crate) enum CacheClock {
    System,
    Given(Arc<dyn Clock>),
}

impl CacheClock {
    /// Returns a reading that is cheaper than [`now`](Clock::now), if there is one.
    // Inlined, as what it calls is: it is read for each fresh token.
    #[inline]
    pub(crate) fn coarse(&self) -> Option<CoarseReading> {
        match self {
            Self::System => CoarseReading::now(),
            Self::Given(_) => None,
        }
    }
}

impl Clock for CacheClock {
    fn now(&self) -> ClockReading {
        match self {
            Self::System => SystemClock.now(),
            Self::Given(clock) => clock.now(),
        }
    }
}

/// A clock that follows tokio's time, so that a test with paused time moves both with one
/// `tokio::time::advance`. The wall clock can also be stepped alone.
///
/// ```
/// use std::time::Duration;
/// use token_cache::test_util::RuntimeClock;
/// use token_core::{Clock, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let clock = RuntimeClock::at(Timestamp::from_unix_seconds(1_700_000_000));
/// tokio::time::advance(Duration::from_secs(60)).await;
/// assert_eq!(clock.now().wall, Timestamp::from_unix_seconds(1_700_000_060));
/// # }
/// ```
#[cfg(any(test, feature = "test-util"))]
#[derive(Clone, Debug)]
pub struct RuntimeClock {
    origin: tokio::time::Instant,
    wall: Timestamp,
    stepped_millis: Arc<std::sync::atomic::AtomicI64>,
}

#[cfg(any(test, feature = "test-util"))]
impl RuntimeClock {
    /// Returns a clock that shows this wall time now.
    pub fn at(wall: Timestamp) -> Self {
        Self {
            origin: tokio::time::Instant::now(),
            wall,
            stepped_millis: Arc::default(),
        }
    }

    /// Steps the wall clock alone, by this many milliseconds.
    pub fn step_wall(&self, millis: i64) {
        self.stepped_millis
            .fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Clock for RuntimeClock {
    fn now(&self) -> ClockReading {
        let elapsed = tokio::time::Instant::now().saturating_duration_since(self.origin);
        let stepped = self
            .stepped_millis
            .load(std::sync::atomic::Ordering::SeqCst);
        ClockReading {
            wall: self.wall.after(elapsed).shifted(stepped),
            elapsed,
        }
    }
}
