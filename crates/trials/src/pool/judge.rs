//! What must hold at the end, of each account, by what the vendor and the store have.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::ledger::{End, Grant, Ledger};

/// A process that is not killed has committed a token after this long.
const LONGEST_COMMIT: Duration = Duration::from_secs(10);
/// A request that was under way when its process died reaches the vendor within this time.
const LONGEST_REQUEST: Duration = Duration::from_secs(1);
/// How long after its end an access token that nobody asks for is refreshed at the latest: a sweep,
/// the lease of a killed process, and the pause after a failure.
const LATEST: Duration = Duration::from_secs(45);
/// The same if a killed process may have spent the refresh token.
const LATEST_IN_DOUBT: Duration = Duration::from_secs(75);

/// What is said of a refresh token that was sent twice.
pub(super) const USED_AGAIN: &str = "used again the refresh token";

/// What the store has of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) generation: u64,
    pub(super) has_intent: bool,
}

/// How an account is at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The store has the newest token.
    Kept,
    /// Only a process that was killed has had it.
    Lost,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) exchanges: u64,
    pub(super) kept: usize,
    /// Grants whose newest token only a killed process had.
    pub(super) lost: usize,
    /// Of these, those whose refresh token was used again, as the rules allow.
    pub(super) used_again: usize,
    /// Requests for grants that had ended.
    pub(super) asked_after_end: u64,
    /// The fewest and the most refreshes of an account.
    pub(super) fewest: u64,
    pub(super) most: u64,
}

/// The evidence of all accounts.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) ledger: &'a Ledger,
    /// When each start of a process that was killed had ended.
    pub(super) killed: &'a BTreeMap<u32, Instant>,
    /// When the processes ended.
    pub(super) now: Instant,
}

impl Judge<'_> {
    /// Judges all accounts by what the store has of them.
    ///
    /// # Errors
    ///
    /// If something does not hold; the error says of which accounts.
    pub(super) fn all(&self, stored: &[Option<Stored>]) -> Result<Verdict> {
        let mut verdict = Verdict {
            fewest: u64::MAX,
            ..Verdict::default()
        };
        let mut wrong = Vec::new();
        for (account, (grant, stored)) in self.ledger.grants().iter().zip(stored).enumerate() {
            match self.one(grant, *stored) {
                Ok(found) => verdict.note(grant, found),
                Err(error) => wrong.push(format!("customer-{account}: {error}")),
            }
        }
        let count = wrong.len();
        wrong.truncate(5);
        ensure!(
            wrong.is_empty(),
            "{count} accounts are wrong; the first: {}",
            wrong.join("; ")
        );
        Ok(verdict)
    }

    fn one(&self, grant: &Grant, stored: Option<Stored>) -> Result<Found> {
        let Some(stored) = stored else {
            bail!("the store lost it");
        };
        let found = self.find(grant, stored)?;
        match grant.end {
            Some(End::TooLate) => bail!("its refresh token was used after its end"),
            Some(End::UsedAgain { generation, by }) => ensure!(
                found == Found::Lost && generation + 1 == grant.newest,
                "process {by} {USED_AGAIN} of generation {generation}, which has a successor"
            ),
            None => {}
        }
        if found == Found::Kept {
            self.judge_times(grant, stored)?;
        }
        Ok(found)
    }

    fn find(&self, grant: &Grant, stored: Stored) -> Result<Found> {
        if stored.generation == grant.newest {
            return Ok(Found::Kept);
        }
        ensure!(
            stored.generation + 1 == grant.newest,
            "the vendor issued generation {}, and the store has {}",
            grant.newest,
            stored.generation
        );
        ensure!(
            self.receiver_was_killed(grant),
            "generation {} is not in the store, though its process was not killed: {}",
            grant.newest,
            self.receiver(grant)
        );
        ensure!(
            stored.has_intent || grant.end.is_some(),
            "the store does not show that generation {} was about to be spent",
            stored.generation
        );
        Ok(Found::Lost)
    }

    /// Returns whether the process that asked for the newest token was killed before it can be
    /// expected to have committed it.
    fn receiver_was_killed(&self, grant: &Grant) -> bool {
        let killed = grant.issued_to.and_then(|by| self.killed.get(&by));
        killed.is_some_and(|killed| {
            grant.issued_at <= *killed + LONGEST_REQUEST
                && *killed <= grant.issued_at + LONGEST_COMMIT
        })
    }

    /// Returns what became of the process that asked for the newest token, for people to read.
    fn receiver(&self, grant: &Grant) -> String {
        let Some(by) = grant.issued_to else {
            return "nobody asked for it".to_owned();
        };
        let Some(killed) = self.killed.get(&by) else {
            return format!("{by} ended in good order");
        };
        let later = killed.saturating_duration_since(grant.issued_at);
        let earlier = grant.issued_at.saturating_duration_since(*killed);
        format!("{by} was killed {later:.1?} later or {earlier:.1?} earlier")
    }

    fn judge_times(&self, grant: &Grant, stored: Stored) -> Result<()> {
        ensure!(
            self.now <= grant.expires_at + self.ledger.spare(),
            "its refresh token has ended, since nobody refreshed it"
        );
        let latest = match stored.has_intent {
            true => LATEST_IN_DOUBT,
            false => LATEST,
        };
        let late = self.now.saturating_duration_since(grant.expires_at);
        ensure!(
            late <= latest,
            "its access token expired {} s ago, and nobody refreshed it",
            late.as_secs()
        );
        Ok(())
    }
}

impl Verdict {
    fn note(&mut self, grant: &Grant, found: Found) {
        let refreshes = grant.newest - 1;
        self.exchanges += refreshes;
        self.fewest = self.fewest.min(refreshes);
        self.most = self.most.max(refreshes);
        self.asked_after_end += grant.asked_after_end;
        self.used_again += usize::from(grant.end.is_some());
        match found {
            Found::Kept => self.kept += 1,
            Found::Lost => self.lost += 1,
        }
    }
}
