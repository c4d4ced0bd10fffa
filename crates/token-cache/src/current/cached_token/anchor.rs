//! When a token was obtained, by elapsed time, in six bytes.

use std::time::Duration;

use crate::clock::millis;

/// Whole milliseconds, of which 8,900 years fit. They are rounded down, so that a token that counts
/// from there is rather too old than too young.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElapsedMillis([u8; 6]);

impl ElapsedMillis {
    const MAX: u64 = (1 << 48) - 1;

    pub(super) fn of(elapsed: Duration) -> Self {
        let [a, b, c, d, e, f, _, _] = millis(elapsed).min(Self::MAX).to_le_bytes();
        Self([a, b, c, d, e, f])
    }

    pub(super) fn elapsed(self) -> Duration {
        let [a, b, c, d, e, f] = self.0;
        Duration::from_millis(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_is_kept_in_whole_milliseconds_and_never_later() {
        for elapsed in [
            Duration::ZERO,
            Duration::from_millis(1 << 40),
            Duration::from_micros(1_999),
            Duration::MAX,
        ] {
            let kept = ElapsedMillis::of(elapsed).elapsed();
            let is_close = elapsed - kept < Duration::from_millis(1);
            assert!(is_close || elapsed == Duration::MAX, "{elapsed:?}");
        }
    }
}
