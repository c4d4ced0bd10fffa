//! The wall clock of a simulator, which the test controls.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock of a simulator, in Unix milliseconds.
///
/// ```
/// use std::time::Duration;
/// use token_sim::SimClock;
///
/// let clock = SimClock::frozen(1_700_000_000_000);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now_ms(), 1_700_000_060_000);
///
/// clock.offset_date(-3_600_000);
/// assert_eq!(clock.now_ms(), 1_700_000_060_000);
/// assert_eq!(clock.date_ms(), 1_699_996_460_000);
/// ```
///
/// Clones share the time: keep one in the test and pass the other to the simulator's builder. A
/// simulator takes every lifetime, tolerance and window, and the `Date` header of its answers, from
/// this clock. Only the delays of faults pass in real time.
#[derive(Clone)]
pub struct SimClock {
    state: Arc<Mutex<State>>,
}

impl SimClock {
    /// Returns a clock that shows the machine's own time.
    pub fn real() -> Self {
        Self::from_source(Source::Machine)
    }

    /// Returns a clock that shows `unix_ms` now and ticks from there.
    pub fn ticking_from(unix_ms: i64) -> Self {
        let clock = Self::real();
        clock.set(unix_ms);
        clock
    }

    /// Returns a clock that shows `unix_ms` until the test moves it.
    pub fn frozen(unix_ms: i64) -> Self {
        Self::from_source(Source::Frozen(unix_ms))
    }

    /// Returns a clock that calls `now`, which returns Unix milliseconds, for each reading.
    ///
    /// With it, a test's own manual clock and the simulator agree:
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicI64, Ordering}};
    /// use token_sim::SimClock;
    ///
    /// let time = Arc::new(AtomicI64::new(1_700_000_000_000));
    /// let shared = Arc::clone(&time);
    /// let clock = SimClock::driven_by(move || shared.load(Ordering::SeqCst));
    /// time.fetch_add(1_000, Ordering::SeqCst);
    /// assert_eq!(clock.now_ms(), 1_700_000_001_000);
    /// ```
    ///
    /// The function must not read this clock.
    pub fn driven_by(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self::from_source(Source::Driven(Arc::new(now)))
    }

    /// Returns the time in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.state.locked().now_ms()
    }

    /// Returns the time of the `Date` header in Unix milliseconds: [`now_ms`](Self::now_ms) plus
    /// its offset.
    pub fn date_ms(&self) -> i64 {
        let state = self.state.locked();
        state.now_ms().saturating_add(state.date_offset_ms)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.skew(by);
    }

    /// Moves the clock by a signed number of milliseconds, as a step of a server's clock would.
    pub fn skew(&self, by_ms: i64) {
        let mut state = self.state.locked();
        state.offset_ms = state.offset_ms.saturating_add(by_ms);
    }

    /// Sets the clock to `unix_ms`. A ticking clock ticks on from there.
    pub fn set(&self, unix_ms: i64) {
        let mut state = self.state.locked();
        state.offset_ms = unix_ms.saturating_sub(state.source.now_ms());
    }

    /// Stops the clock at its present time.
    pub fn freeze(&self) {
        let mut state = self.state.locked();
        let now = state.now_ms();
        state.source = Source::Frozen(now);
        state.offset_ms = 0;
    }

    /// Lets a frozen or driven clock tick with the machine, from its present time.
    pub fn tick(&self) {
        let mut state = self.state.locked();
        let now = state.now_ms();
        state.source = Source::Machine;
        state.offset_ms = now.saturating_sub(state.source.now_ms());
    }

    /// Sets how many milliseconds the `Date` header is wrong by; the simulator's checks are not
    /// affected.
    ///
    /// Zero corrects it again.
    pub fn offset_date(&self, by_ms: i64) {
        self.state.locked().date_offset_ms = by_ms;
    }

    /// Formats the `Date` header: an IMF-fixdate, RFC 9110 section 5.6.7.
    pub(crate) fn date_text(&self) -> String {
        http_date(self.date_ms())
    }

    fn from_source(source: Source) -> Self {
        let state = State {
            source,
            offset_ms: 0,
            date_offset_ms: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::real()
    }
}

impl fmt::Debug for SimClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimClock")
            .field("now_ms", &self.now_ms())
            .finish_non_exhaustive()
    }
}

/// Formats an IMF-fixdate, clamped to the years 1970 to 9999, which the format is limited to.
pub(crate) fn http_date(unix_ms: i64) -> String {
    const LAST_SECOND: u64 = 253_402_300_799;
    let seconds = u64::try_from(unix_ms.div_euclid(1000))
        .unwrap_or(0)
        .min(LAST_SECOND);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

struct State {
    source: Source,
    offset_ms: i64,
    date_offset_ms: i64,
}

impl State {
    fn now_ms(&self) -> i64 {
        self.source.now_ms().saturating_add(self.offset_ms)
    }
}

enum Source {
    Machine,
    Frozen(i64),
    Driven(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl Source {
    fn now_ms(&self) -> i64 {
        match self {
            Self::Machine => machine_ms(),
            Self::Frozen(unix_ms) => *unix_ms,
            Self::Driven(now) => now(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads the machine's clock"
)]
fn machine_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Locks without poisoning, so that a panicking test thread does not fail the others.
pub(crate) trait Locked<T> {
    fn locked(&self) -> MutexGuard<'_, T>;
}

impl<T> Locked<T> for Mutex<T> {
    fn locked(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_shows_the_same_time_until_it_is_moved() {
        let clock = SimClock::frozen(5_000);
        assert_eq!(clock.now_ms(), 5_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now_ms(), 7_000);
        clock.skew(-3_000);
        assert_eq!(clock.now_ms(), 4_000);
        clock.set(9_000);
        assert_eq!(clock.now_ms(), 9_000);
    }

    #[test]
    fn a_ticking_clock_starts_where_it_is_told_to() {
        let clock = SimClock::ticking_from(1_000_000);
        let shown = clock.now_ms();
        assert!((1_000_000..1_060_000).contains(&shown), "{shown}");
        clock.freeze();
        assert_eq!(clock.now_ms(), clock.now_ms());
    }

    #[test]
    fn a_clone_shows_the_same_time() {
        let clock = SimClock::frozen(0);
        let other = clock.clone();
        clock.advance(Duration::from_millis(7));
        assert_eq!(other.now_ms(), 7);
    }

    #[test]
    fn a_clock_never_overflows() {
        let clock = SimClock::frozen(i64::MAX);
        clock.advance(Duration::MAX);
        clock.offset_date(i64::MAX);
        assert_eq!(clock.date_ms(), i64::MAX);
        assert_eq!(clock.date_text(), "Fri, 31 Dec 9999 23:59:59 GMT");
        clock.offset_date(0);
        clock.set(i64::MIN);
        assert_eq!(clock.date_text(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
