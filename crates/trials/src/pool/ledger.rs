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
    pub(super) issued_at: Instant,
    /// When its access token expires.
    pub(super) expires_at: Instant,
    /// Which start of which process asked for it; `None` for the first one.
    pub(super) issued_to: Option<u32>,
    pub(super) end: Option<End>,
    /// How often it was asked for after its end.
    pub(super) asked_after_end: u64,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The refresh token of this generation was used again, by this start of a process.
    UsedAgain { generation: u64, by: u32 },
    /// The refresh token had ended when it was used.
    TooLate,
}

impl Ledger {
    pub(super) fn new(accounts: usize, spare: Duration, now: Instant) -> Self {
        let first = Grant {
            newest: 1,
            issued_at: now,
            expires_at: now,
            issued_to: None,
            end: None,
            asked_after_end: 0,
        };
        Self {
            grants: vec![first; accounts],
            spare,
        }
    }

    /// Begins the grant of an account with its first token.
    pub(super) fn begin(&mut self, account: usize, now: Instant, expires_at: Instant) {
        if let Some(grant) = self.grants.get_mut(account) {
            grant.issued_at = now;
            grant.expires_at = expires_at;
        }
    }

    /// Exchanges the refresh token of this generation. Returns the next generation, or `None` if
    /// the grant has ended or ends by that.
    pub(super) fn exchange(
        &mut self,
        account: usize,
        generation: u64,
        by: u32,
        (now, life): (Instant, Duration),
    ) -> Option<u64> {
        let spare = self.spare;
        let grant = self.grants.get_mut(account)?;
        if grant.end.is_some() {
            grant.asked_after_end += 1;
            return None;
        }
        if generation != grant.newest {
            grant.end = Some(End::UsedAgain { generation, by });
            return None;
        }
        if now > grant.expires_at + spare {
            grant.end = Some(End::TooLate);
            return None;
        }
        grant.newest += 1;
        grant.issued_at = now;
        grant.expires_at = now + life;
        grant.issued_to = Some(by);
        Some(grant.newest)
    }

    pub(super) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub(super) fn spare(&self) -> Duration {
        self.spare
    }
}
