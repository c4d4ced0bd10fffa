//! The user, and what wrong passwords lead to.

/// Failures before the account is frozen.
const ATTEMPTS: i64 = 5;
const FREEZE_MS: i64 = 20 * 60 * 1000;
const BLOCK_MS: i64 = 24 * 60 * 60 * 1000;

const FROZEN: Refusal = Refusal(5147, "Account frozen, please try again after 20 minutes");
const BLOCKED: Refusal = Refusal(5325, "Blocked, will be lifted after 24 hours");
const DISABLED: Refusal = Refusal(5041, "No permission");

/// The vendor's code and text.
pub(super) struct Refusal(pub(super) i64, pub(super) &'static str);

pub(super) struct User {
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) password: String,
}

/// The state of the one account.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) disabled: bool,
    pub(super) domain_disabled: bool,
    failures: i64,
    frozen_until_ms: Option<i64>,
    blocked_until_ms: Option<i64>,
}

impl Accounts {
    pub(super) fn freeze(&mut self, now: i64) {
        self.failures = 0;
        self.frozen_until_ms = Some(now.saturating_add(FREEZE_MS));
    }

    pub(super) fn block(&mut self, now: i64) {
        self.blocked_until_ms = Some(now.saturating_add(BLOCK_MS));
    }

    /// Whether a password is looked at at all.
    pub(super) fn admit(&self, now: i64) -> Result<(), Refusal> {
        let lasts = |until: Option<i64>| until.is_some_and(|until| now < until);
        if lasts(self.blocked_until_ms) {
            return Err(BLOCKED);
        }
        if lasts(self.frozen_until_ms) {
            return Err(FROZEN);
        }
        if self.disabled { Err(DISABLED) } else { Ok(()) }
    }

    pub(super) fn check_enabled(&self) -> Result<(), Refusal> {
        if self.disabled { Err(DISABLED) } else { Ok(()) }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts a wrong password: 5586 says that 4 attempts are left, 5583 that 1 is.
    pub(super) fn failed(&mut self, now: i64) -> Refusal {
        self.failures += 1;
        match ATTEMPTS - self.failures {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_freezes_for_twenty_minutes() {
        let mut accounts = Accounts::default();
        let codes: Vec<_> = (0..5).map(|_| accounts.failed(0).0).collect();
        assert_eq!(codes, [5586, 5585, 5584, 5583, 5147]);
        assert!(accounts.admit(FREEZE_MS - 1).is_err());
        assert!(accounts.admit(FREEZE_MS).is_ok());
        assert_eq!(accounts.failed(FREEZE_MS).0, 5586);
    }
}
