//! Instants and clocks.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant of wall time: whole milliseconds since the Unix epoch, with arithmetic that saturates
/// and never panics.
///
/// ```
/// use std::time::Duration;
/// use token_core::Timestamp;
///
/// let issued = Timestamp::from_unix_seconds(1_700_000_000);
/// let expires = issued.after(Duration::from_secs(7200));
/// assert_eq!(expires.since(issued), Duration::from_secs(7200));
/// assert_eq!(issued.since(expires), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// Creates an instant from milliseconds since the Unix epoch.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Creates an instant from seconds since the Unix epoch; saturates if the milliseconds
    /// overflow.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the instant `span` later.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(span)))
    }

    /// Returns the instant `span` earlier.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(span)))
    }

    /// Returns the time from `earlier` to this instant; zero if `earlier` is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        let millis = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_millis(u64::try_from(millis.max(0)).unwrap_or(u64::MAX))
    }

    /// Returns this instant moved by a signed number of milliseconds, such as a server's clock
    /// offset.
    pub const fn shifted(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({} ms)", self.0)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(whole_millis(after)),
            Err(before) => Self(whole_millis(before.duration()).saturating_neg()),
        }
    }
}

fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The wall time and elapsed time that a [`Clock`] returns, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// Wall time. It may step back or forward at any reading.
    pub wall: Timestamp,
    /// Time since an arbitrary, fixed origin. It never runs backwards and counts the time that the
    /// machine was suspended.
    pub elapsed: Duration,
}

impl ClockReading {
    /// Returns the later of two estimates of the current time: the wall clock's, and the wall time
    /// of an earlier reading plus the time elapsed since. A wall clock that is set back after that
    /// reading therefore does not make an expired token look valid.
    ///
    /// ```
    /// use std::time::Duration;
    /// use token_core::{ClockReading, Timestamp};
    ///
    /// let then = ClockReading {
    ///     wall: Timestamp::from_unix_seconds(1000),
    ///     elapsed: Duration::from_secs(5),
    /// };
    /// let set_back = ClockReading {
    ///     wall: Timestamp::from_unix_seconds(10),
    ///     elapsed: Duration::from_secs(65),
    /// };
    /// assert_eq!(set_back.effective_now(&then), Timestamp::from_unix_seconds(1060));
    /// ```
    pub fn effective_now(&self, earlier: &ClockReading) -> Timestamp {
        let passed = self.elapsed.saturating_sub(earlier.elapsed);
        self.wall.max(earlier.wall.after(passed))
    }
}

/// The source of the current time.
///
/// An implementation *must* read both times in one call, *must not* block, and *must not* let
/// `elapsed` run backwards. `elapsed` *should* include the time that the machine was suspended, so
/// that a token that expired meanwhile is recognized as expired on resume.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> ClockReading;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Timestamp::MAX.after(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.before(Duration::MAX), Timestamp::MIN);
        assert_eq!(
            Timestamp::MAX.since(Timestamp::MIN),
            Duration::from_millis(u64::MAX)
        );
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_wall_clock_that_is_set_forward_is_trusted() {
        let then = ClockReading {
            wall: Timestamp::from_unix_seconds(0),
            elapsed: Duration::ZERO,
        };
        let now = ClockReading {
            wall: Timestamp::from_unix_seconds(9000),
            elapsed: Duration::from_secs(1),
        };
        assert_eq!(now.effective_now(&then), Timestamp::from_unix_seconds(9000));
    }
}
