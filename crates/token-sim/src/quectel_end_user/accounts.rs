//! The user's account, and what wrong passwords do to it.

use super::answers::{ADDRESS_BLOCKED, BLOCKED, FROZEN, refusal_of};
use super::rules::AttemptsLeft;
use crate::vendor::Refusal;

/// Failures before the account is frozen.
const ATTEMPTS: i64 = 5;
const FREEZE_MS: i64 = 20 * 60 * 1000;
const BLOCK_MS: i64 = 24 * 60 * 60 * 1000;

/// The state of the one account.
#[derive(Default)]
pub(crate) struct Accounts {
    pub(super) domain_disabled: bool,
    failures: i64,
    frozen_until_ms: Option<i64>,
    blocked_until_ms: Option<i64>,
    address_blocked_until_ms: Option<i64>,
    refuse_next: Option<i64>,
}

impl Accounts {
    pub(super) fn freeze(&mut self, now: i64) {
        self.failures = 0;
        self.frozen_until_ms = Some(now.saturating_add(FREEZE_MS));
    }

    pub(super) fn block(&mut self, now: i64) {
        self.blocked_until_ms = Some(now.saturating_add(BLOCK_MS));
    }

    pub(super) fn block_address(&mut self, now: i64) {
        self.address_blocked_until_ms = Some(now.saturating_add(FREEZE_MS));
    }

    /// The code that the next login or refresh is refused with.
    pub(super) fn refuse_next(&mut self, code: i64) {
        self.refuse_next = Some(code);
    }

    /// Checks what refuses any login or refresh.
    pub(super) fn admit_call(&mut self, now: i64) -> Result<(), Refusal> {
        if let Some(code) = self.refuse_next.take() {
            return Err(refusal_of(code));
        }
        if lasts(self.address_blocked_until_ms, now) {
            return Err(ADDRESS_BLOCKED);
        }
        Ok(())
    }

    /// Checks what refuses any password.
    pub(super) fn admit(&self, now: i64) -> Result<(), Refusal> {
        if lasts(self.blocked_until_ms, now) {
            return Err(BLOCKED);
        }
        if lasts(self.frozen_until_ms, now) {
            return Err(FROZEN);
        }
        Ok(())
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts a wrong password; the fifth freezes the account.
    pub(super) fn failed(&mut self, told: AttemptsLeft, now: i64) -> Refusal {
        self.failures += 1;
        let in_text = told == AttemptsLeft::InText;
        match ATTEMPTS - self.failures {
            4 if in_text => Refusal(
                5146,
                "Wrong password, 4 attempts left before the account is locked",
            ),
            3 if in_text => Refusal(
                5146,
                "Wrong password, 3 attempts left before the account is locked",
            ),
            2 if in_text => Refusal(
                5146,
                "Wrong password, 2 attempts left before the account is locked",
            ),
            1 if in_text => Refusal(
                5146,
                "Wrong password, 1 attempt left before the account is locked",
            ),
            4 => Refusal(5586, "Wrong password, 4 attempts left"),
            3 => Refusal(5585, "Wrong password, 3 attempts left"),
            2 => Refusal(5584, "Wrong password, 2 attempts left"),
            1 => Refusal(5583, "Wrong password, 1 attempt left"),
            _ => {
                self.freeze(now);
                FROZEN
            }
        }
    }
}

fn lasts(until_ms: Option<i64>, now: i64) -> bool {
    until_ms.is_some_and(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_freezes_for_twenty_minutes() {
        let mut accounts = Accounts::default();
        let codes: Vec<_> = (0..5)
            .map(|_| accounts.failed(AttemptsLeft::InCode, 0).0)
            .collect();
        assert_eq!(codes, [5586, 5585, 5584, 5583, 5147]);
        assert!(accounts.admit(FREEZE_MS - 1).is_err());
        assert!(accounts.admit(FREEZE_MS).is_ok());
        assert_eq!(accounts.failed(AttemptsLeft::InCode, FREEZE_MS).0, 5586);
    }
}
