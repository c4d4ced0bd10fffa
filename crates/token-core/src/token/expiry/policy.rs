//! How early a token is refreshed.

use std::time::Duration;

/// How early a token is refreshed.
///
/// ```
/// use std::time::Duration;
/// use token_core::RefreshPolicy;
///
/// let windows = RefreshPolicy::default().refreshed_in_the_last(300).reserve(Duration::from_secs(20));
/// ```
///
/// The default refreshes in the last quarter of the life, spread over another sixteenth, and holds
/// the last 30 seconds (at most an eighth of the life) in reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    ahead_permille: u32,
    spread_permille: u32,
    pub(super) reserve: Duration,
}

impl RefreshPolicy {
    /// Refresh when this share of the life is left, in thousandths; more than 1000 counts as 1000.
    #[must_use]
    pub fn refreshed_in_the_last(mut self, permille: u32) -> Self {
        self.ahead_permille = permille.min(1000);
        self
    }

    /// Spread first refreshes over this share of the life, in thousandths, so that many holders do
    /// not ask at once.
    #[must_use]
    pub fn spread_over(mut self, permille: u32) -> Self {
        self.spread_permille = permille.min(1000);
        self
    }

    /// How long before the expiry callers begin to wait; at most an eighth of the life.
    #[must_use]
    pub fn reserve(mut self, reserve: Duration) -> Self {
        self.reserve = reserve;
        self
    }

    /// How long before the end of such a life the refresh is due.
    pub(super) fn ahead(&self, life: Duration) -> Duration {
        share(life, self.ahead_permille)
    }

    /// A random part of the spread in such a life.
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
