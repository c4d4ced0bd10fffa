//! How early a token is refreshed.

use std::time::Duration;

/// How early a token is refreshed.
///
/// ```
/// use std::time::Duration;
/// use token_core::RefreshPolicy;
///
/// let policy = RefreshPolicy::default()
///     .refreshed_in_the_last(300)
///     .reserve(Duration::from_secs(20));
/// ```
///
/// By default a token is refreshed in the last quarter of its life, spread over another sixteenth,
/// and callers wait for the refresh in the last 30 seconds (at most an eighth of the life).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    ahead_permille: u32,
    spread_permille: u32,
    pub(super) reserve: Duration,
}

impl RefreshPolicy {
    /// Sets the share of the life, in thousandths, that is left when the refresh is due. More than
    /// 1000 counts as 1000. Default: 250.
    #[must_use]
    pub fn refreshed_in_the_last(mut self, permille: u32) -> Self {
        self.ahead_permille = permille.min(1000);
        self
    }

    /// Sets the share of the life, in thousandths, over which refreshes are spread, so that many
    /// processes do not send them at once. More than 1000 counts as 1000. Default: 62.
    #[must_use]
    pub fn spread_over(mut self, permille: u32) -> Self {
        self.spread_permille = permille.min(1000);
        self
    }

    /// Sets how long before the expiry callers start to wait for the refresh; at most an eighth of
    /// the life. Default: 30 seconds.
    #[must_use]
    pub fn reserve(mut self, reserve: Duration) -> Self {
        self.reserve = reserve;
        self
    }

    /// Returns how long before the end of a life of this length the refresh is due.
    pub(super) fn ahead(&self, life: Duration) -> Duration {
        share(life, self.ahead_permille)
    }

    /// Returns a random part of the spread in a life of this length.
    pub(super) fn draw(&self, life: Duration, jitter: u32) -> Duration {
        share_of_range(share(life, self.spread_permille), jitter)
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            ahead_permille: 250,
            spread_permille: 62,
            reserve: Duration::from_secs(30),
        }
    }
}

fn share(life: Duration, permille: u32) -> Duration {
    let millis = life.as_millis().saturating_mul(u128::from(permille)) / 1000;
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn share_of_range(range: Duration, drawn: u32) -> Duration {
    let millis = range.as_millis().saturating_mul(u128::from(drawn)) >> 32;
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
