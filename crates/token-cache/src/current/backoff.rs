//! How long to pause after a failure.

use std::time::Duration;

use token_core::{Error, ErrorKind};

/// After this many failures in a row it counts as an outage: callers fail at once, and answers that
/// are not in the vendor's own format are believed.
pub(super) const A_FEW: u32 = 3;

/// The pauses after failures. They double from `first` to `longest`; each is between half of its
/// step and the whole of it. After each pause there is one attempt, without end.
///
/// ```
/// use std::time::Duration;
/// use token_cache::Backoff;
///
/// let patient = Backoff::default()
///     .first(Duration::from_secs(5))
///     .longest(Duration::from_secs(600));
/// ```
///
/// Default: from one second to five minutes. A longer pause that the vendor asks for
/// (`Retry-After`, a frozen account) is kept.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
        }
    }
}

impl Backoff {
    /// Sets the pause after the first failure; at least a millisecond.
    #[must_use]
    pub fn first(mut self, pause: Duration) -> Self {
        self.first = pause.max(Duration::from_millis(1));
        self
    }

    /// Sets the longest pause of our own.
    #[must_use]
    pub fn longest(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
    }

    /// Returns our own pause after the `failures`-th failure in a row, with this error. `drawn` is
    /// a random number.
    pub(crate) fn step(&self, failures: u32, error: &Error, drawn: u32) -> Duration {
        let doubled = self.doubled(failures);
        let step = match error.kind() {
            // A gateway that restarts may show any page, so it is not believed at once.
            ErrorKind::Config | ErrorKind::Protocol
                if is_not_the_vendors(error) && failures <= A_FEW =>
            {
                doubled
            }
            // Only a person can fix these, so there is no need to ask often.
            ErrorKind::Config | ErrorKind::Rejected => self.longest,
            _ => doubled,
        };
        jittered(step, drawn)
    }

    /// Returns our own pause after the `failures`-th failure in a row, if that is temporary.
    pub(crate) fn short_step(&self, failures: u32, drawn: u32) -> Duration {
        jittered(self.doubled(failures), drawn)
    }

    /// Returns the pause after this many rejected tokens in a row.
    pub(crate) fn doubled(&self, times: u32) -> Duration {
        self.first
            .saturating_mul(2_u32.saturating_pow(times.saturating_sub(1)))
            .min(self.longest)
    }
}

/// Returns a pause between half of the step and the whole of it.
fn jittered(step: Duration, drawn: u32) -> Duration {
    let half = step / 2;
    half.saturating_add(half.mul_f64(f64::from(drawn) / f64::from(u32::MAX)))
}

/// Whether there was an answer, but not in the vendor's own format.
fn is_not_the_vendors(error: &Error) -> bool {
    error.status().is_some() && !error.is_vendors_word()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTAGE: ErrorKind = ErrorKind::Transient { after: None };

    fn pause(kind: ErrorKind, failures: u32, drawn: u32) -> Duration {
        Backoff::default().step(failures, &Error::new(kind, "down"), drawn)
    }

    #[test]
    fn pauses_double_up_to_the_longest_with_jitter() {
        assert_eq!(pause(OUTAGE, 1, u32::MAX), Duration::from_secs(1));
        assert_eq!(pause(OUTAGE, 4, u32::MAX), Duration::from_secs(8));
        assert_eq!(pause(OUTAGE, 4, 0), Duration::from_secs(4));
        assert_eq!(pause(OUTAGE, u32::MAX, u32::MAX), Duration::from_secs(300));
    }

    #[test]
    fn a_wrong_configuration_is_not_tried_often() {
        assert!(pause(ErrorKind::Config, 1, 0) >= Duration::from_secs(150));
    }
}
