//! Sessions that end if they are not used.

use std::time::Duration;

use super::Validity;
use crate::token::time::Timestamp;

impl Validity {
    /// Creates the validity of a session that ends `idle` after its last use. Adapters report each
    /// use, and the engine then moves the expiry. [`ending_by`](Self::ending_by) sets an end that
    /// no use moves.
    ///
    /// ```
    /// use std::time::Duration;
    /// use token_core::{Timestamp, Validity};
    ///
    /// let login = Timestamp::from_unix_seconds(1_700_000_000);
    /// let half_an_hour = Duration::from_secs(1800);
    /// let session = Validity::sliding(login, half_an_hour);
    /// let used = session.used_at(login.after(Duration::from_secs(600)));
    /// assert_eq!(used.expires_at(), login.after(Duration::from_secs(2400)));
    /// ```
    pub fn sliding(issued_at: Timestamp, idle: Duration) -> Self {
        Self::new(issued_at, issued_at.after(idle)).with_idle(idle)
    }

    /// Makes a session of this validity: [`used_at`](Self::used_at) moves its expiry. For stores;
    /// an endpoint uses [`sliding`](Self::sliding).
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// Returns the end that no use moves; `None` if there is none.
    pub fn last_end(&self) -> Option<Timestamp> {
        Some(self.ends_by).filter(|end| *end < Timestamp::MAX)
    }

    /// Returns how long a session lives after its last use; `None` for a token that does not slide.
    pub fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// Moves the expiry to that of `other` if it is later. For a session, that is not an end that
    /// no use moves.
    pub(crate) fn not_longer_than(self, other: &Self) -> Self {
        let ends_by = match other.idle {
            Some(_) => self.ends_by.min(other.ends_by),
            None => self.ends_by.min(other.expires_at),
        };
        Self {
            ends_by,
            ..self.ending_by(other.expires_at)
        }
    }

    /// Moves the instants of a [sliding](Self::sliding) session to what they are after an API
    /// accepted it at `now`. Those of any other token stay as they are.
    #[must_use]
    pub fn used_at(mut self, now: Timestamp) -> Self {
        let Some(idle) = self.idle else {
            return self;
        };
        let moved = now.after(idle).min(self.ends_by).since(self.expires_at);
        self.expires_at = self.expires_at.after(moved);
        self.usable_until = self.usable_until.after(moved);
        self.refresh_at = self.refresh_at.after(moved).min(self.refresh_by);
        self.in_order()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::expiry::{Freshness, RefreshPolicy};

    #[test]
    fn a_sliding_session_is_due_only_when_it_is_not_used_or_nears_its_last_end() {
        let at = Timestamp::from_unix_seconds;
        let session = Validity::sliding(at(0), Duration::from_secs(1000)).ending_by(at(5000));
        let used = (1..=12).fold(session, |session, n| session.used_at(at(n * 400)));
        assert_eq!(used.expires_at(), at(5000));
        assert_eq!(session.used_at(at(900)).expires_at(), at(1900));
        assert_eq!(session.used_at(at(900)).at(at(1000)), Freshness::Fresh);
        assert_eq!(
            session.used_at(at(1500)).expires_at(),
            at(2500),
            "it was accepted"
        );
        let early = session.used_at(at(100)).used_at(at(50));
        assert_eq!(early.expires_at(), at(1100), "a late report moves nothing");
        let policy = RefreshPolicy::default();
        let due = used.refresh_at();
        assert_eq!(used.with_policy(&policy, 0).refresh_at(), due);
        let other = Validity::new(at(0), at(1000));
        assert_eq!(other.used_at(at(500)), other);
    }
}
