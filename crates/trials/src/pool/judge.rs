//! What must hold at the end, of each account, by what the vendor answered, what the processes
//! reported, and what the store has.
//!
//! * What the store acknowledged, or something newer, is in the store.
//! * A generation that the vendor issued and the store does not have is excused only if the very
//!   process that sent the request was killed before it could report that the store acknowledged
//!   it, and if it had not dawdled: a step took less than [`LONGEST_STEP`] reports of its own.
//! * A refresh token is used again only after the death of another process that is excused for its
//!   successor, by a process that had found in the store that it may have been sent.
//! * The refresh token of a grant that is not lost has not ended: its end is that of the access
//!   token and the spare time (`--spare`) later, by the vendor's clock, and the time is taken when
//!   the processes are told to stop. If a killed process may have sent it, the others must leave it
//!   alone for a while, and each must begin again with that: `judge/doubt.rs` says when this
//!   excuses a grant.

mod doubt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};

use super::journal::{History, Journal};
use super::ledger::{Answer, Grant, Ledger, Request};
use super::protocol::What;
use super::verdict::{Found, Verdict};

/// A process says once a second how it is. A step of an exchange that has not ended after so many
/// reports is the fault of the process, and not of its end: a store has five seconds for an answer,
/// and the vendor needs milliseconds.
const LONGEST_STEP: u64 = 10;

/// What is said of each fault.
pub(super) mod said {
    pub(crate) const ACKNOWLEDGED: &str = "the store acknowledged generation";
    pub(crate) const USED_AGAIN: &str = "used again the refresh token";
    pub(crate) const NOT_DECLARED: &str = "was about to be spent, and the store does not show that";
    pub(crate) const HAS_ENDED: &str = "its refresh token has ended, since nobody refreshed it";
    pub(crate) const AFTER_ITS_END: &str = "its refresh token was used after its end";
    pub(crate) const IN_MEMORY: &str = "were in memory beyond the limit";
    pub(crate) const BETWEEN_ACCOUNTS: &str = "; ";
}

/// What the store has of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) generation: u64,
    pub(super) has_intent: bool,
    /// Whether it is the token that the vendor issued.
    pub(super) is_genuine: bool,
}

/// The evidence of all accounts.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) journal: &'a Journal,
    /// When each start of a process that was killed had ended.
    pub(super) killed: &'a BTreeMap<u32, Instant>,
    /// When the processes were told to stop.
    pub(super) stopped_at: Instant,
}

/// The evidence of one account.
struct Case<'a> {
    judge: &'a Judge<'a>,
    grant: &'a Grant,
    history: History<'a>,
    stored: Stored,
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
            match self.one(account, grant, *stored) {
                Ok((case, found)) => {
                    verdict.note(grant, found);
                    verdict.unreported += usize::from(case.is_unreported(found));
                    verdict.outlived += usize::from(case.has_outlived_the_first_token());
                }
                Err(error) => wrong.push((account, error)),
            }
        }
        match wrong.as_slice() {
            [] => Ok(verdict),
            wrong => Err(self.told(wrong)),
        }
    }

    /// Returns what is wrong with the first accounts, and all that is known of the very first.
    fn told(&self, wrong: &[(usize, Error)]) -> Error {
        let first = wrong.iter().take(5);
        let first = first.map(|(account, error)| format!("customer-{account}: {error}"));
        let first = first.collect::<Vec<_>>().join(said::BETWEEN_ACCOUNTS);
        let history = wrong.first().and_then(|(account, _)| {
            let expired_at = self.ledger.grants().get(*account)?.expires_at;
            Some(self.journal.of(*account).told(expired_at))
        });
        anyhow!(
            "{} accounts are wrong: {first}; of the first, since its access token expired: {}",
            wrong.len(),
            history.unwrap_or_default()
        )
    }

    fn one<'a>(
        &'a self,
        account: usize,
        grant: &'a Grant,
        stored: Option<Stored>,
    ) -> Result<(Case<'a>, Found)> {
        let case = Case {
            judge: self,
            grant,
            history: self.journal.of(account),
            stored: stored.context("the store lost it")?,
        };
        let found = case.judge()?;
        Ok((case, found))
    }

    fn ends_at(&self, expires_at: Instant) -> Instant {
        expires_at + self.ledger.spare()
    }
}

impl Case<'_> {
    fn judge(&self) -> Result<Found> {
        self.judge_stored()?;
        for request in &self.grant.requests {
            self.judge_request(request)?;
        }
        let found = self.find()?;
        let ends_at = self.judge.ends_at(self.grant.expires_at);
        if found != Found::Kept || self.judge.stopped_at < ends_at {
            return Ok(found);
        }
        ensure!(
            self.has_ended_in_doubt(),
            "{} (generation {})",
            said::HAS_ENDED,
            self.stored.generation
        );
        Ok(Found::EndedInDoubt)
    }

    /// Whether the store has the newest token, and nobody reported so.
    fn is_unreported(&self, found: Found) -> bool {
        let reported = self.history.acknowledged().map_or(1, |newest| newest.0);
        found == Found::Kept && reported < self.grant.newest
    }

    fn has_outlived_the_first_token(&self) -> bool {
        let end = self.judge.ends_at(self.grant.first_expires_at);
        end <= self.judge.stopped_at && self.grant.newest > 1
    }

    fn judge_stored(&self) -> Result<()> {
        let Stored {
            generation,
            is_genuine,
            ..
        } = self.stored;
        if let Some((acknowledged, by)) = self.history.acknowledged() {
            ensure!(
                generation >= acknowledged,
                "{} {acknowledged} to process {by}, and has {generation}",
                said::ACKNOWLEDGED
            );
        }
        ensure!(
            generation <= self.grant.newest,
            "the store has generation {generation}, which the vendor did not issue"
        );
        ensure!(
            is_genuine,
            "the store has another token than the vendor issued as generation {generation}"
        );
        Ok(())
    }

    /// Returns where the newest token is, if there is an excuse for each that the store has not.
    fn find(&self) -> Result<Found> {
        let mut found = Found::Kept;
        for lost in self.stored.generation + 1..=self.grant.newest {
            let (_, step) = self.excuse(lost)?;
            found = Found::Lost(step);
        }
        ensure!(
            found == Found::Kept || self.stored.has_intent || self.grant.has_ended(),
            "generation {} {}",
            self.stored.generation,
            said::NOT_DECLARED
        );
        Ok(found)
    }

    /// Returns when the process was killed that alone has had this generation, and in which step.
    fn excuse(&self, generation: u64) -> Result<(Instant, What)> {
        ensure!(
            generation > self.stored.generation,
            "generation {generation}, its successor, is in the store"
        );
        let origin = self.grant.origin(generation);
        let by = origin.context("nobody asked for it")?.by;
        let (step, reports) = self.history.last(by, generation).context("not reported")?;
        let Some(killed) = self.judge.killed.get(&by) else {
            bail!("process {by} lost generation {generation} after `{step:?}`, and was not killed");
        };
        ensure!(
            reports <= LONGEST_STEP,
            "process {by} lived on for {reports} s after `{step:?}` of generation {generation}, \
             and did not store it"
        );
        Ok((*killed, step))
    }

    fn judge_request(&self, request: &Request) -> Result<()> {
        let Request { spent, by, .. } = *request;
        let requests = self.grant.requests.iter();
        let received = requests.filter(|other| (other.spent, other.by) == (spent, by));
        let (received, sent) = (
            received.count(),
            self.history.count(by, spent + 1, What::Sending),
        );
        ensure!(
            received <= sent,
            "process {by} sent the refresh token of generation {spent} {received} times, and \
             reported {sent}"
        );
        match request.answer {
            Answer::Issued | Answer::Ended => Ok(()),
            Answer::TooLate => {
                ensure!(self.has_ended_in_doubt(), "{}", said::AFTER_ITS_END);
                Ok(())
            }
            Answer::UsedAgain => self
                .judge_use_again(request)
                .with_context(|| format!("process {by} {} of generation {spent}", said::USED_AGAIN))
                .map_err(|error| anyhow!("{error:#}")),
        }
    }

    fn judge_use_again(&self, request: &Request) -> Result<()> {
        let Request { by, received, .. } = *request;
        let generation = request.spent + 1;
        let (killed, _) = self.excuse(generation)?;
        let origin = self.grant.origin(generation);
        ensure!(
            origin.is_none_or(|origin| origin.by != by),
            "it had used it itself"
        );
        ensure!(
            killed <= received,
            "the process that had used it lived then"
        );
        let mut doubts = self.history.doubts(generation);
        ensure!(
            doubts.any(|doubt| doubt.by == by && doubt.found_at <= received),
            "it had not found that another may have sent it"
        );
        Ok(())
    }
}
