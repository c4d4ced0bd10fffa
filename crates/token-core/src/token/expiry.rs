//! When a token is fresh, due for a refresh, expiring and expired: pure functions that never panic.

pub(crate) mod packed;
mod policy;
mod sliding;

use std::time::Duration;

use crate::token::time::Timestamp;

pub use self::policy::RefreshPolicy;

/// The shortest time between refreshes that are made because the refresh token expires soon.
const SHORTEST_USE: Duration = Duration::from_secs(1);

/// The instants of a token's life, always in this order:
/// `issued_at ≤ refresh_at ≤ usable_until ≤ expires_at`.
///
/// ```
/// use std::time::Duration;
/// use token_core::{Freshness, Timestamp, Validity};
///
/// let issued = Timestamp::from_unix_seconds(1_700_000_000);
/// let validity = Validity::new(issued, issued.after(Duration::from_secs(7200)));
/// assert_eq!(validity.at(issued), Freshness::Fresh);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(5500))), Freshness::RefreshDue);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(7190))), Freshness::Expiring);
/// assert_eq!(validity.at(issued.after(Duration::from_secs(7200))), Freshness::Expired);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    issued_at: Timestamp,
    refresh_at: Timestamp,
    usable_until: Timestamp,
    expires_at: Timestamp,
    not_refreshed_before: Timestamp,
    requested_refresh_at: Option<Timestamp>,
    refresh_by: Timestamp,
    idle: Option<Duration>,
    ends_by: Timestamp,
}

impl Validity {
    /// Creates a validity with the default [`RefreshPolicy`] and no jitter. An expiry before
    /// `issued_at` counts as `issued_at`; [`Timestamp::MAX`] means that the token does not expire.
    pub fn new(issued_at: Timestamp, expires_at: Timestamp) -> Self {
        let expires_at = expires_at.max(issued_at);
        let validity = Self {
            issued_at,
            refresh_at: issued_at,
            usable_until: expires_at,
            expires_at,
            not_refreshed_before: issued_at,
            requested_refresh_at: None,
            refresh_by: Timestamp::MAX,
            idle: None,
            ends_by: Timestamp::MAX,
        };
        validity.with_policy(&RefreshPolicy::default(), 0)
    }

    /// Creates the validity of a token that was never usable: one of which only the refresh token
    /// is known.
    pub fn expired() -> Self {
        Self::new(Timestamp::MIN, Timestamp::MIN)
    }

    /// Creates the validity of a token that is used until an API refuses it: the vendor states no
    /// lifetime, and nothing can renew it.
    ///
    /// ```
    /// use token_core::{Freshness, Timestamp, Validity};
    ///
    /// let validity = Validity::without_end(Timestamp::from_unix_seconds(1_700_000_000));
    /// assert_eq!(validity.ends(), None);
    /// assert_eq!(validity.at(Timestamp::from_unix_seconds(9_999_999_999)), Freshness::Fresh);
    /// ```
    pub fn without_end(issued_at: Timestamp) -> Self {
        Self::new(issued_at, Timestamp::MAX)
    }

    /// Recalculates [`refresh_at`](Self::refresh_at) and [`usable_until`](Self::usable_until) for
    /// this policy. `jitter` is a random number (any value), drawn once per token and not for each
    /// check: it moves `refresh_at` earlier by up to the policy's spread, or later if the vendor
    /// stated the instant (`refresh_in`).
    #[must_use]
    pub fn with_policy(mut self, windows: &RefreshPolicy, jitter: u32) -> Self {
        let life = self.life();
        let reserve = windows.reserve.min(life / 8);
        self.usable_until = match self.ends() {
            Some(end) => end.before(reserve).max(self.issued_at),
            None => Timestamp::MAX,
        };
        self.refresh_at = self
            .planned_refresh(windows, jitter)
            .min(self.latest_refresh(windows, jitter));
        self.in_order()
    }

    /// Sets the instant at which the vendor wants the token to be refreshed (`refresh_in`), which
    /// takes precedence over the policy.
    #[must_use]
    pub fn with_refresh_at(mut self, instant: Timestamp) -> Self {
        self.requested_refresh_at = Some(instant);
        self.refresh_at = instant.min(self.refresh_by);
        self.in_order()
    }

    /// Makes the token due before its refresh token expires at `end`: a quarter of the time until
    /// then is left for the refresh. `None`, and an `end` before [`issued_at`](Self::issued_at),
    /// lift an earlier limit. [`Token`](crate::Token) calls this for every refresh token with a
    /// known expiry.
    ///
    /// ```
    /// use std::time::Duration;
    /// use token_core::{Timestamp, Validity};
    ///
    /// let issued = Timestamp::from_unix_seconds(1_700_000_000);
    /// let validity = Validity::new(issued, issued.after(Duration::from_secs(16)));
    /// let end_of_refresh_token = issued.after(Duration::from_secs(8));
    /// let due = validity.with_refresh_token_until(end_of_refresh_token).refresh_at();
    /// assert_eq!(due, issued.after(Duration::from_secs(6)));
    /// ```
    #[must_use]
    pub fn with_refresh_token_until(mut self, end: impl Into<Option<Timestamp>>) -> Self {
        let limit = self.latest_before(end.into());
        let is_later = limit > self.refresh_by;
        self.refresh_by = limit;
        if is_later {
            return self.with_policy(&RefreshPolicy::default(), 0);
        }
        self.refresh_at = self.refresh_at.min(limit);
        self.in_order()
    }

    /// Prevents a refresh before `instant`, until which the vendor would return the same token.
    #[must_use]
    pub fn not_refreshed_before(mut self, instant: Timestamp) -> Self {
        self.not_refreshed_before = instant;
        self.in_order()
    }

    /// Moves the expiry to `instant` if it is later.
    #[must_use]
    pub fn ending_by(mut self, instant: Timestamp) -> Self {
        self.ends_by = self.ends_by.min(instant);
        self.expires_at = self.expires_at.min(instant).max(self.issued_at);
        self.in_order()
    }

    /// Returns the freshness of the token at `now`. "Expired" is tested first.
    pub fn at(&self, now: Timestamp) -> Freshness {
        if now >= self.expires_at {
            return Freshness::Expired;
        }
        if now >= self.usable_until {
            return Freshness::Expiring;
        }
        if now >= self.refresh_at {
            return Freshness::RefreshDue;
        }
        Freshness::Fresh
    }

    /// Returns when the token was requested: relative lifetimes count from before the request was
    /// sent.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Returns the instant from which the token is refreshed in the background, while callers still
    /// receive it without waiting.
    pub fn refresh_at(&self) -> Timestamp {
        self.refresh_at
    }

    /// Returns the instant from which callers wait for the refresh, and receive this token only if
    /// it fails.
    pub fn usable_until(&self) -> Timestamp {
        self.usable_until
    }

    /// Returns the instant from which callers never receive this token; [`Timestamp::MAX`] if it
    /// [does not expire](Self::ends).
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Returns when the token expires; `None` for a token that is used until an API refuses it.
    pub fn ends(&self) -> Option<Timestamp> {
        Some(self.expires_at).filter(|end| *end < Timestamp::MAX)
    }

    /// Returns when the vendor wants the token to be refreshed (`refresh_in`), if it stated that.
    pub fn requested_refresh_at(&self) -> Option<Timestamp> {
        self.requested_refresh_at
    }

    /// Returns the instant until which the vendor would return the same token. Default:
    /// [`issued_at`](Self::issued_at).
    pub fn refreshable_from(&self) -> Timestamp {
        self.not_refreshed_before
    }

    /// Returns what the policy's windows are shares of.
    fn life(&self) -> Duration {
        let whole = self.expires_at.since(self.issued_at);
        self.idle.map_or(whole, |idle| whole.min(idle))
    }

    /// Returns when the refresh is due at the latest if the refresh token expires then.
    fn latest_before(&self, end: Option<Timestamp>) -> Timestamp {
        let Some(end) = end else {
            return Timestamp::MAX;
        };
        let left = end.since(self.issued_at);
        // The refresh token worked after its stated expiry, so that expiry no longer means
        // anything.
        if left.is_zero() {
            return Timestamp::MAX;
        }
        // A grant whose end is fixed must not be refreshed more and more often as that end
        // approaches.
        end.before(left / 4).max(self.issued_at.after(SHORTEST_USE))
    }

    fn planned_refresh(&self, windows: &RefreshPolicy, jitter: u32) -> Timestamp {
        let life = self.life();
        match (self.requested_refresh_at, self.ends()) {
            (Some(requested), Some(_)) => requested.after(windows.draw(life, jitter)),
            (Some(requested), None) => requested,
            (None, Some(end)) => end.before(
                windows
                    .ahead(life)
                    .saturating_add(windows.draw(life, jitter)),
            ),
            (None, None) => Timestamp::MAX,
        }
    }

    fn latest_refresh(&self, windows: &RefreshPolicy, jitter: u32) -> Timestamp {
        if self.refresh_by == Timestamp::MAX {
            return Timestamp::MAX;
        }
        let span = self.refresh_by.since(self.issued_at);
        self.refresh_by.before(windows.draw(span, jitter))
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

/// The state of a token at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// The token can be used.
    Fresh,
    /// The token can be used, and should be refreshed in the background.
    RefreshDue,
    /// The token expires so soon that a request with it may arrive too late: wait for the refresh,
    /// and use the token only if that fails.
    Expiring,
    /// The token must not be used.
    Expired,
}

#[cfg(test)]
mod tests;
