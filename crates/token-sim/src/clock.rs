//! The wall clock of a simulator, which the test moves.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock that a simulator lives by, in Unix milliseconds.
///
/// ```
/// use std::time::Duration;
/// use token_sim::SimClock;
///
/// let clock = SimClock::frozen(1_700_000_000_000);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now_ms(), 1_700_000_060_000);
///
/// clock.lie_about_date(-3_600_000);
/// assert_eq!(clock.now_ms(), 1_700_000_060_000);
/// assert_eq!(clock.date_ms(), 1_699_996_460_000);
/// ```
///
/// Clones show the same time: keep one in the test and give the other to the simulator's builder.
/// Every lifetime, tolerance and window of a simulator is judged by this clock, and the `Date`
/// header of its answers follows it. Delays of faults are the exception: they pass in real time.
#[derive(Clone)]
pub struct SimClock {
    state: Arc<Mutex<State>>,
}

impl SimClock {
    /// A clock that shows the machine's own time.
    pub fn real() -> Self {
        Self::from_source(Source::Machine)
    }

    /// A clock that shows `unix_ms` now and ticks from there.
    pub fn ticking_from(unix_ms: i64) -> Self {
        let clock = Self::real();
        clock.set(unix_ms);
        clock
    }

    /// A clock that shows `unix_ms` until the test moves it.
    pub fn frozen(unix_ms: i64) -> Self {
        Self::from_source(Source::Frozen(unix_ms))
    }

    /// A clock that asks `now`, which returns Unix milliseconds, each time that it is looked at.
    ///
    /// So that a test's own manual clock and the simulator agree:
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicI64, Ordering}};
    /// use token_sim::SimClock;
    ///
    /// let hands = Arc::new(AtomicI64::new(1_700_000_000_000));
    /// let shared = Arc::clone(&hands);
    /// let clock = SimClock::driven_by(move || shared.load(Ordering::SeqCst));
    /// hands.fetch_add(1_000, Ordering::SeqCst);
    /// assert_eq!(clock.now_ms(), 1_700_000_001_000);
    /// ```
    ///
    /// The function must not look at this clock itself.
    pub fn driven_by(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self::from_source(Source::Driven(Arc::new(now)))
    }

    /// The time in Unix milliseconds, by which the simulator judges.
    pub fn now_ms(&self) -> i64 {
        self.state.locked().now_ms()
    }

    /// The time in Unix milliseconds that the `Date` header tells: [`now_ms`](Self::now_ms) and the
    /// lie.
    pub fn date_ms(&self) -> i64 {
        let state = self.state.locked();
        state.now_ms().saturating_add(state.lie_ms)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.skew(by);
    }

    /// Moves the clock by a signed number of milliseconds: what a step of the server's clock looks
    /// like.
    pub fn skew(&self, by_ms: i64) {
        let mut state = self.state.locked();
        state.offset_ms = state.offset_ms.saturating_add(by_ms);
    }

    /// Makes the clock show `unix_ms` now. A ticking clock ticks on from there.
    pub fn set(&self, unix_ms: i64) {
        let mut state = self.state.locked();
        state.offset_ms = unix_ms.saturating_sub(state.source.now_ms());
    }

    /// Stops the clock at the time that it shows.
    pub fn freeze(&self) {
        let mut state = self.state.locked();
        let now = state.now_ms();
        state.source = Source::Frozen(now);
        state.offset_ms = 0;
    }

    /// Lets a frozen or driven clock tick with the machine, from the time that it shows.
    pub fn tick(&self) {
        let mut state = self.state.locked();
        let now = state.now_ms();
        state.source = Source::Machine;
        state.offset_ms = now.saturating_sub(state.source.now_ms());
    }

    /// From now on the `Date` header is wrong by this many milliseconds, while the simulator's
    /// checks are not.
    ///
    /// Zero ends the lie.
    pub fn lie_about_date(&self, by_ms: i64) {
        self.state.locked().lie_ms = by_ms;
    }

    /// The `Date` header's text: an IMF-fixdate, RFC 9110 section 5.6.7.
    pub(crate) fn date_text(&self) -> String {
        http_date(self.date_ms())
    }

    fn from_source(source: Source) -> Self {
        let state = State {
            source,
            offset_ms: 0,
            lie_ms: 0,
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

/// An IMF-fixdate, clamped to the years 1970 to 9999, outside of which the format has no dates.
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
    lie_ms: i64,
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
    reason = "the one place where a simulator reads the machine's clock"
)]
fn machine_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Locks that a panicking test thread does not poison for the others.
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
    fn a_frozen_clock_stands_until_it_is_moved() {
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
        clock.lie_about_date(i64::MAX);
        assert_eq!(clock.date_ms(), i64::MAX);
        assert_eq!(clock.date_text(), "Fri, 31 Dec 9999 23:59:59 GMT");
        clock.lie_about_date(0);
        clock.set(i64::MIN);
        assert_eq!(clock.date_text(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
