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
/// assert_eq!(expires.to_string(), "2023-11-15T00:13:20Z");
/// ```
///
/// It is displayed in UTC as RFC 3339 has it, with milliseconds if there are any:
/// `2026-11-26T08:30:00.250Z`. [`MIN`](Self::MIN) is "the beginning of time" and
/// [`MAX`](Self::MAX) is "never", because they stand for a token that expired before it was issued,
/// and for one that does not expire. A year of more or less than four digits, for which RFC 3339
/// has no form, gets a sign (`+12345-01-01T00:00:00Z`), as in ISO 8601.
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
        Duration::from_millis(match self > earlier {
            true => self.0.abs_diff(earlier.0),
            false => 0,
        })
    }

    /// Returns this instant moved by a signed number of milliseconds, such as a server's clock
    /// offset.
    pub const fn shifted(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Returns the same instant as the standard library has it; `None` if the platform's
    /// `SystemTime` does not reach that far.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use token_core::Timestamp;
    ///
    /// let time = Timestamp::from_unix_seconds(60).system_time();
    /// assert_eq!(time, Some(UNIX_EPOCH + Duration::from_secs(60)));
    /// ```
    pub fn system_time(self) -> Option<SystemTime> {
        let span = Duration::from_millis(self.0.unsigned_abs());
        match self.0 >= 0 {
            true => UNIX_EPOCH.checked_add(span),
            false => UNIX_EPOCH.checked_sub(span),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => return f.write_str("the beginning of time"),
            Self::MAX => return f.write_str("never"),
            _ => {}
        }
        let (days, second) = (
            self.unix_seconds().div_euclid(86_400),
            self.unix_seconds().rem_euclid(86_400),
        );
        let (year, month, day) = date_of(days);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+05}")?,
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.0.rem_euclid(1000) {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

/// Returns the year, the month and the day in the Gregorian calendar, from the days since
/// 1970-01-01, as Howard Hinnant's `civil_from_days`.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
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
            Err(before) => {
                let millis = i128::try_from(before.duration().as_millis()).unwrap_or(i128::MAX);
                Self(i64::try_from(-millis).unwrap_or(i64::MIN))
            }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_instant_is_displayed_as_rfc_3339_has_it() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_681_800_000, "2026-11-26T08:30:00Z"),
            (1_795_681_800_250, "2026-11-26T08:30:00.250Z"),
            (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
            (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00Z"),
            (i64::MIN, "the beginning of time"),
            (i64::MAX, "never"),
        ] {
            let shown = Timestamp::from_unix_millis(millis).to_string();
            assert_eq!(shown, expected, "{millis}");
        }
    }

    proptest! {
        #[test]
        fn an_instant_shows_the_same_date_as_an_http_date_does(seconds in 0_u32..u32::MAX) {
            let shown = Timestamp::from_unix_seconds(i64::from(seconds)).to_string();
            let time = UNIX_EPOCH + Duration::from_secs(u64::from(seconds));
            let http = httpdate::fmt_http_date(time);
            let words: Vec<&str> = http.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let month = months.find(words[2]).unwrap() / 3 + 1;
            let expected = format!("{}-{month:02}-{}T{}Z", words[3], words[1], words[4]);
            prop_assert_eq!(shown, expected);
        }

        #[test]
        fn every_instant_is_displayed_and_the_same_instant_as_a_system_time(millis: i64) {
            let instant = Timestamp::from_unix_millis(millis);
            prop_assert!(instant.to_string().ends_with('Z'));
            if let Some(time) = instant.system_time() {
                prop_assert_eq!(Timestamp::from(time), instant);
            }
        }
    }

    #[test]
    fn both_ends_of_time_become_a_system_time_or_none() {
        for end in [Timestamp::MIN, Timestamp::MAX] {
            let time = end.system_time();
            assert!(time.is_none_or(|time| Timestamp::from(time) == end));
        }
    }

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
