//! When a token is fresh, due, nearly over, and expired: pure functions over instants that never panic.

use std::time::Duration;

use crate::time::Timestamp;

/// The instants of one token's life, always in this order: `issued_at ≤ refresh_at ≤ usable_until ≤ expires_at`.
///
/// ```
/// use std::time::Duration;
/// use token_core::{Freshness, Timestamp, Validity};
///
/// let issued = Timestamp::from_unix_seconds(1_700_000_000);
/// let validity = Validity::new(issued, issued.after(Duration::from_secs(7200)));
/// assert_eq!(validity.at(issued), Freshness::Fresh);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(5500))), Freshness::Due);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(7190))), Freshness::Closing);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(7200))), Freshness::Expired);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    issued_at: Timestamp,
    refresh_at: Timestamp,
    usable_until: Timestamp,
    expires_at: Timestamp,
    not_refreshed_before: Timestamp,
}

impl Validity {
    /// A validity with the default [`Windows`] and no jitter. An expiry before the issue is taken as one at the issue.
    pub fn new(issued_at: Timestamp, expires_at: Timestamp) -> Self {
        let expires_at = expires_at.max(issued_at);
        let validity = Self {
            issued_at,
            refresh_at: issued_at,
            usable_until: expires_at,
            expires_at,
            not_refreshed_before: issued_at,
        };
        validity.with_windows(&Windows::default(), 0)
    }

    /// The validity of a token that was never usable: one that is only known by its refresh token.
    pub fn expired() -> Self {
        Self::new(Timestamp::MIN, Timestamp::MIN)
    }

    /// The same life with its windows drawn anew. `jitter` is one random number per token (any value), drawn once and never per
    /// check: it moves `refresh_at` earlier by up to the windows' spread.
    #[must_use]
    pub fn with_windows(mut self, windows: &Windows, jitter: u32) -> Self {
        let life = self.expires_at.since(self.issued_at);
        let reserve = windows.reserve.min(life / 8);
        let ahead = share(life, windows.ahead_permille);
        let spread = share(life, windows.spread_permille);
        let drawn = share_of_range(spread, jitter);
        self.usable_until = self.expires_at.before(reserve).max(self.issued_at);
        self.refresh_at = self.expires_at.before(ahead.saturating_add(drawn));
        self.in_order()
    }

    /// The same life, refreshed no earlier than `instant`: before it, the vendor would answer with the same token.
    #[must_use]
    pub fn not_refreshed_before(mut self, instant: Timestamp) -> Self {
        self.not_refreshed_before = instant;
        self.in_order()
    }

    /// The same windows with an expiry that is no later than `instant`.
    #[must_use]
    pub fn ending_by(mut self, instant: Timestamp) -> Self {
        self.expires_at = self.expires_at.min(instant).max(self.issued_at);
        self.in_order()
    }

    /// Where in its life the token is at `now`. "Expired" is tested first.
    pub fn at(&self, now: Timestamp) -> Freshness {
        if now >= self.expires_at {
            return Freshness::Expired;
        }
        if now >= self.usable_until {
            return Freshness::Closing;
        }
        if now >= self.refresh_at {
            return Freshness::Due;
        }
        Freshness::Fresh
    }

    /// When it was asked for: relative lifetimes count from before the request was sent.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// From here on one refresh runs, and callers still get this token at once.
    pub fn refresh_at(&self) -> Timestamp {
        self.refresh_at
    }

    /// From here on callers wait for the refresh, and get this token only if it fails.
    pub fn usable_until(&self) -> Timestamp {
        self.usable_until
    }

    /// From here on this token is never handed out.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The vendor answers with the same token until then; the issue where the vendor says nothing.
    pub fn refreshable_from(&self) -> Timestamp {
        self.not_refreshed_before
    }

    fn in_order(mut self) -> Self {
        self.usable_until = self.usable_until.min(self.expires_at).max(self.issued_at);
        self.refresh_at = self
            .refresh_at
            .max(self.not_refreshed_before)
            .max(self.issued_at)
            .min(self.usable_until);
        self
    }
}

/// Where in its life a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and refresh it meanwhile.
    Due,
    /// So near to its end that a request with it may arrive late: wait for the refresh, use it if that fails.
    Closing,
    /// Never hand it out.
    Expired,
}

/// How early a token is refreshed.
///
/// ```
/// use std::time::Duration;
/// use token_core::Windows;
///
/// let windows = Windows::default().refreshed_in_the_last(300).reserve(Duration::from_secs(20));
/// ```
///
/// The default refreshes in the last quarter of the life, spread over another sixteenth, and holds the last 30 seconds (at most an
/// eighth of the life) in reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    ahead_permille: u32,
    spread_permille: u32,
    reserve: Duration,
}

impl Windows {
    /// Refresh when this share of the life is left, in thousandths; more than 1000 counts as 1000.
    #[must_use]
    pub fn refreshed_in_the_last(mut self, permille: u32) -> Self {
        self.ahead_permille = permille.min(1000);
        self
    }

    /// Spread first refreshes over this share of the life, in thousandths, so that many holders do not ask at once.
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
}

impl Default for Windows {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instants() -> impl Strategy<Value = Timestamp> {
        prop_oneof![
            any::<i64>().prop_map(Timestamp::from_unix_millis),
            (0..4_000_000_000_000_i64).prop_map(Timestamp::from_unix_millis),
            Just(Timestamp::MIN),
            Just(Timestamp::MAX),
        ]
    }

    fn any_windows() -> impl Strategy<Value = Windows> {
        (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(ahead, spread, reserve)| {
            Windows::default()
                .refreshed_in_the_last(ahead)
                .spread_over(spread)
                .reserve(Duration::from_millis(reserve))
        })
    }

    fn ordered(validity: &Validity) -> bool {
        validity.issued_at <= validity.refresh_at
            && validity.refresh_at <= validity.usable_until
            && validity.usable_until <= validity.expires_at
    }

    proptest! {
        #[test]
        fn the_four_instants_are_in_order_for_every_lifetime(
            issued in instants(), expires in instants(), windows in any_windows(), jitter: u32,
            floor in instants(), cap in instants(),
        ) {
            let validity = Validity::new(issued, expires);
            prop_assert!(ordered(&validity));
            let drawn = validity.with_windows(&windows, jitter);
            prop_assert!(ordered(&drawn));
            prop_assert!(ordered(&drawn.not_refreshed_before(floor)));
            prop_assert!(ordered(&drawn.not_refreshed_before(floor).ending_by(cap)));
        }

        #[test]
        fn a_token_is_expired_from_its_expiry_on(issued in instants(), expires in instants(), now in instants()) {
            let validity = Validity::new(issued, expires);
            prop_assert_eq!(validity.at(now) == Freshness::Expired, now >= validity.expires_at());
        }

        #[test]
        fn freshness_only_ever_moves_on(
            issued in instants(), expires in instants(), jitter: u32, a in instants(), b in instants(),
        ) {
            let validity = Validity::new(issued, expires).with_windows(&Windows::default(), jitter);
            prop_assert!(validity.at(a.min(b)) <= validity.at(a.max(b)));
        }

        #[test]
        fn an_earlier_end_never_gives_more_life(issued in instants(), expires in instants(), cap in instants()) {
            let validity = Validity::new(issued, expires);
            prop_assert!(validity.ending_by(cap).expires_at() <= validity.expires_at());
        }

        #[test]
        fn jitter_stays_within_the_spread(seconds in 60_i64..1_000_000, jitter: u32) {
            let issued = Timestamp::from_unix_seconds(0);
            let plain = Validity::new(issued, Timestamp::from_unix_seconds(seconds));
            let drawn = plain.with_windows(&Windows::default(), jitter);
            prop_assert!(drawn.refresh_at() <= plain.refresh_at());
            let moved = plain.refresh_at().since(drawn.refresh_at());
            prop_assert!(moved <= Duration::from_secs(u64::try_from(seconds).unwrap()) / 16);
        }
    }

    #[test]
    fn a_twenty_second_token_is_never_fresh_after_it_expired() {
        let issued = Timestamp::from_unix_seconds(0);
        let validity = Validity::new(issued, Timestamp::from_unix_seconds(20));
        assert_eq!(validity.at(Timestamp::from_unix_seconds(20)), Freshness::Expired);
        assert_eq!(validity.at(Timestamp::from_unix_seconds(10)), Freshness::Fresh);
    }

    #[test]
    fn a_young_token_is_not_due_before_the_vendor_would_change_it() {
        let issued = Timestamp::from_unix_seconds(0);
        let half_hour = Timestamp::from_unix_seconds(1800);
        let validity =
            Validity::new(issued, Timestamp::from_unix_seconds(2000)).not_refreshed_before(half_hour);
        assert_eq!(validity.refresh_at(), half_hour);
    }
}
