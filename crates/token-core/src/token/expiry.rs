//! When a token is fresh, due, nearly over, and expired: pure functions over instants that never
//! panic.

mod policy;

use std::time::Duration;

use crate::token::time::Timestamp;

pub use self::policy::RefreshPolicy;

/// A grant is not refreshed more often than this only because its end is near.
const SHORTEST_USE: Duration = Duration::from_secs(1);

/// The instants of one token's life, always in this order:
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
}

impl Validity {
    /// A validity with the default [`RefreshPolicy`] and no jitter. An expiry before the issue is
    /// taken as one at the issue; [`Timestamp::MAX`] means that there is no end.
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
        };
        validity.with_policy(&RefreshPolicy::default(), 0)
    }

    /// The validity of a token that was never usable: one that is only known by its refresh token.
    pub fn expired() -> Self {
        Self::new(Timestamp::MIN, Timestamp::MIN)
    }

    /// The validity of a token that is used until an API refuses it: the vendor names no lifetime
    /// and nothing renews it.
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

    /// The same life with its windows drawn anew. `jitter` is one random number per token (any
    /// value), drawn once and never per check: it moves `refresh_at` earlier by up to the windows'
    /// spread, or later if the vendor itself named the instant.
    #[must_use]
    pub fn with_policy(mut self, windows: &RefreshPolicy, jitter: u32) -> Self {
        let life = self.expires_at.since(self.issued_at);
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

    /// The same life, due when the vendor itself asks for the refresh (`refresh_in`), instead of in
    /// the windows' share of the life.
    #[must_use]
    pub fn with_refresh_at(mut self, instant: Timestamp) -> Self {
        self.requested_refresh_at = Some(instant);
        self.refresh_at = instant.min(self.refresh_by);
        self.in_order()
    }

    /// The same life, due well before `end`, at which the refresh token stops working: a quarter of
    /// the time until then is left for the refresh. `None`, and an end that was before the issue,
    /// take an earlier such limit back. [`Token`](crate::Token) applies it for every refresh token
    /// that has a known end.
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
        let limit = match end.into() {
            Some(end) => self.before_end_of_refresh_token(end),
            None => Timestamp::MAX,
        };
        let is_later = limit > self.refresh_by;
        self.refresh_by = limit;
        if is_later {
            return self.with_policy(&RefreshPolicy::default(), 0);
        }
        self.refresh_at = self.refresh_at.min(limit);
        self.in_order()
    }

    /// The same life, refreshed no earlier than `instant`: before it, the vendor would answer with
    /// the same token.
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
            return Freshness::Expiring;
        }
        if now >= self.refresh_at {
            return Freshness::RefreshDue;
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

    /// From here on this token is never handed out; [`Timestamp::MAX`] if it has
    /// [no end](Self::ends).
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// When it expires; `None` for a token that is used until an API refuses it.
    pub fn ends(&self) -> Option<Timestamp> {
        Some(self.expires_at).filter(|end| *end < Timestamp::MAX)
    }

    /// When the vendor itself asked to be asked again (`refresh_in`), if it did.
    pub fn requested_refresh_at(&self) -> Option<Timestamp> {
        self.requested_refresh_at
    }

    /// The vendor answers with the same token until then; the issue where the vendor says nothing.
    pub fn refreshable_from(&self) -> Timestamp {
        self.not_refreshed_before
    }

    fn before_end_of_refresh_token(&self, end: Timestamp) -> Timestamp {
        let left = end.since(self.issued_at);
        // The refresh token worked after the end that was told for it, so that end says nothing any
        // more.
        if left.is_zero() {
            return Timestamp::MAX;
        }
        // A grant whose end cannot be moved is not asked more and more often as that end comes
        // near.
        end.before(left / 4).max(self.issued_at.after(SHORTEST_USE))
    }

    fn planned_refresh(&self, windows: &RefreshPolicy, jitter: u32) -> Timestamp {
        let life = self.expires_at.since(self.issued_at);
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

/// Where in its life a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and refresh it meanwhile.
    RefreshDue,
    /// So near to its end that a request with it may arrive late: wait for the refresh, use it if
    /// that fails.
    Expiring,
    /// Never hand it out.
    Expired,
}

#[cfg(test)]
mod tests;
