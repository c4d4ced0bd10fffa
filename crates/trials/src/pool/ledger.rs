//! What the vendor knows of each grant: refresh tokens work once, end after a time, and end their
//! grant if they are used again.

use std::time::{Duration, Instant};

/// All grants, by the number of their account.
#[derive(Debug)]
pub(super) struct Ledger {
    grants: Vec<Grant>,
    /// How much longer than the access token a refresh token may be used.
    spare: Duration,
}

/// What the vendor knows of one grant.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// The generation of the newest token; the first is 1.
    pub(super) newest: u64,
    /// When the access token of that expires.
    pub(super) expires_at: Instant,
    /// When the first access token expires.
    pub(super) first_expires_at: Instant,
    /// All requests, in their order.
    pub(super) requests: Vec<Request>,
    /// By how much the latest refresh came after the end of the access token.
    pub(super) latest: Duration,
}

/// A request for an account's next token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// The generation of the refresh token.
    pub(super) spent: u64,
    /// Which start of which process sent it.
    pub(super) by: u32,
    pub(super) received: Instant,
    /// When the vendor acted on it.
    pub(super) at: Instant,
    pub(super) answer: Answer,
}

/// When the vendor received a request, and when it acts on that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) received: Instant,
    pub(super) at: Instant,
}

/// What the vendor answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The token of the next generation.
    Issued,
    /// The refresh token was used before. That ends the grant.
    UsedAgain,
    /// The refresh token had ended. That ends the grant.
    TooLate,
    /// The grant had ended before.
    Ended,
}

impl Grant {
    fn new(expires_at: Instant) -> Self {
        Self {
            newest: 1,
            expires_at,
            first_expires_at: expires_at,
            requests: Vec::new(),
            latest: Duration::ZERO,
        }
    }

    fn answer(&self, spent: u64, now: Instant, spare: Duration) -> Answer {
        if self.has_ended() {
            return Answer::Ended;
        }
        if spent != self.newest {
            return Answer::UsedAgain;
        }
        match now > self.expires_at + spare {
            true => Answer::TooLate,
            false => Answer::Issued,
        }
    }

    /// Whether a request has ended it.
    pub(super) fn has_ended(&self) -> bool {
        let last = self.requests.last();
        last.is_some_and(|last| last.answer != Answer::Issued)
    }

    /// Whether a request, or the time, had ended it at this instant.
    fn had_ended(&self, at: Instant, spare: Duration) -> bool {
        let mut requests = self.requests.iter();
        let refused = requests.find(|request| request.answer != Answer::Issued);
        refused.is_some_and(|refused| refused.at <= at) || self.expires_at + spare <= at
    }

    /// Returns the request that brought this generation.
    pub(super) fn origin(&self, generation: u64) -> Option<&Request> {
        self.requests
            .iter()
            .find(|request| request.answer == Answer::Issued && request.spent + 1 == generation)
    }
}

impl Ledger {
    pub(super) fn new(accounts: usize, spare: Duration, now: Instant) -> Self {
        Self {
            grants: vec![Grant::new(now); accounts],
            spare,
        }
    }

    /// Begins the grant of an account with its first token.
    pub(super) fn begin(&mut self, account: usize, expires_at: Instant) {
        if let Some(grant) = self.grants.get_mut(account) {
            grant.expires_at = expires_at;
            grant.first_expires_at = expires_at;
        }
    }

    /// Exchanges the refresh token of this generation. Returns the next generation, or `None` if
    /// the grant has ended or ends by that.
    pub(super) fn exchange(
        &mut self,
        account: usize,
        spent: u64,
        by: u32,
        Times { received, at }: Times,
        life: Duration,
    ) -> Option<u64> {
        let spare = self.spare;
        let grant = self.grants.get_mut(account)?;
        let answer = grant.answer(spent, at, spare);
        grant.requests.push(Request {
            spent,
            by,
            received,
            at,
            answer,
        });
        if answer != Answer::Issued {
            return None;
        }
        grant.latest = grant
            .latest
            .max(at.saturating_duration_since(grant.expires_at));
        grant.newest += 1;
        grant.expires_at = at + life;
        Some(grant.newest)
    }

    /// Whether the grant of an account had ended at this instant.
    pub(super) fn had_ended(&self, account: usize, at: Instant) -> bool {
        let grant = self.grants.get(account);
        grant.is_some_and(|grant| grant.had_ended(at, self.spare))
    }

    pub(super) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub(super) fn spare(&self) -> Duration {
        self.spare
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Ledger, Times};
    use crate::pool::vendor::now;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_grant_has_ended_from_the_request_that_ended_it_or_the_end_of_its_refresh_token() {
        let begun = now();
        let mut ledger = Ledger::new(2, 20 * SECOND, begun + 10 * SECOND);
        for at in [5, 8] {
            let (received, at) = (begun + at * SECOND, begun + at * SECOND);
            ledger.exchange(0, 1, 1, Times { received, at }, 10 * SECOND);
        }
        assert!(!ledger.had_ended(0, begun + 7 * SECOND));
        assert!(ledger.had_ended(0, begun + 8 * SECOND));
        assert!(!ledger.had_ended(1, begun + 29 * SECOND));
        assert!(ledger.had_ended(1, begun + 30 * SECOND));
    }
}
