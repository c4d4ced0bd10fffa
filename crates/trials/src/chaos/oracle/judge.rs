//! Whether what was issued, stored and handed out is consistent.

use anyhow::{Result, ensure};
use token_sim::{Kind, Outcome};

use super::answer::Answer;
use super::grant::{Ended, Epoch};
use super::lifetimes::{Lifetimes, end_of};
use super::rests::{Clocks, Rests};
use crate::chaos::rotation::RotationMode;
use crate::chaos::worker_state::HandedOut;

/// What was issued to a grant so far.
#[derive(Debug)]
pub(in crate::chaos) struct Oracle {
    pub(super) rotation: RotationMode,
    /// How many entries of the vendor's journal were read.
    pub(super) seen: usize,
    pub(super) epoch: Epoch,
    pub(super) lifetimes: Lifetimes,
    pub(super) rests: Rests,
    pub(super) ended: Option<Ended>,
    /// Refusals of grants that had ended.
    pub(super) stragglers: u64,
    pub(in crate::chaos) tally: Tally,
}

/// The figures of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::chaos) struct Tally {
    pub(in crate::chaos) exchanges: u64,
    pub(in crate::chaos) generations: u64,
    pub(in crate::chaos) refused: u64,
    /// Issued again for the same refresh token, by the vendor's grace.
    pub(in crate::chaos) repeated: u64,
    /// Issued by a vendor that keeps refresh tokens, and never written down.
    pub(in crate::chaos) unheard: u64,
    /// Issued to a grant that was logged out or replaced meanwhile.
    pub(in crate::chaos) overtaken: u64,
    pub(in crate::chaos) logouts: u64,
    pub(in crate::chaos) redemptions: u64,
    pub(in crate::chaos) refused_redemptions: u64,
    pub(in crate::chaos) lost: u64,
    /// Lost because the answer was not delivered.
    pub(in crate::chaos) undelivered: u64,
    /// Lost because the only receiver was killed.
    pub(in crate::chaos) killed: u64,
    pub(in crate::chaos) handed: u64,
    /// Signed instants of processes that had learned the vendor's clock.
    pub(in crate::chaos) signed: u64,
    /// Expired, by no more than the time that their records took to reach the store.
    pub(in crate::chaos) late: u64,
}

/// A grant at its beginning.
#[derive(Clone, Copy, Debug)]
pub(in crate::chaos) struct Begun {
    /// The vendor's number of the grant.
    pub(in crate::chaos) grant: Option<usize>,
    pub(in crate::chaos) generation: u64,
    pub(in crate::chaos) issued_at_ms: i64,
    pub(in crate::chaos) expires_at_ms: i64,
}

impl Oracle {
    pub(in crate::chaos) fn new(rotation: RotationMode) -> Self {
        Self {
            rotation,
            seen: 0,
            epoch: Epoch::default(),
            lifetimes: Lifetimes::default(),
            rests: Rests::new(rotation),
            ended: None,
            stragglers: 0,
            tally: Tally::default(),
        }
    }

    /// Begins a grant; the journal up to `seen` is about others.
    pub(in crate::chaos) fn begin(&mut self, begun: &Begun, seen: usize) {
        self.seen = seen;
        self.epoch = Epoch::new(begun.grant, begun.generation);
        self.ended.iter_mut().for_each(Ended::follow);
        self.lifetimes.set_unheard(begun.generation, 0);
        self.lifetimes
            .begin(begun.generation, begun.issued_at_ms, begun.expires_at_ms);
    }

    /// Sets whether the wall clocks of this round can be trusted.
    pub(in crate::chaos) fn set_clocks(&mut self, clocks: Clocks) {
        self.rests.clocks = clocks;
    }

    /// Returns the vendor's number of the grant.
    pub(in crate::chaos) fn grant(&self) -> Option<usize> {
        self.epoch.grant
    }

    /// Returns when the newest token expires.
    pub(in crate::chaos) fn newest_expiry_ms(&self) -> Option<i64> {
        self.lifetimes.newest_expiry_ms()
    }

    /// Reads new entries of the vendor's journal, up to one whose outcome is still to come, or that
    /// begins a grant whose first generation is not known yet.
    pub(in crate::chaos) fn read(&mut self, journal: &[Answer]) -> Result<()> {
        for answer in journal.iter().skip(self.seen) {
            if answer.outcome == Outcome::Pending || answer.begins_a_grant() {
                return Ok(());
            }
            self.rests
                .judge(journal, self.seen, self.lifetimes.newest_expiry_ms())?;
            self.read_one(answer)?;
            self.seen += 1;
        }
        Ok(())
    }

    fn read_one(&mut self, answer: &Answer) -> Result<()> {
        let is_of_another = answer.grant.is_some() && answer.grant != self.epoch.grant;
        match &answer.outcome {
            Outcome::Issued { .. } if is_of_another => {
                self.tally.exchanges += 1;
                self.tally.overtaken += 1;
                if self.epoch.refused > 0 {
                    self.revive(answer.at_ms);
                }
            }
            Outcome::Issued { generation } => self.issue(*generation, answer)?,
            Outcome::Refused { .. } if answer.kind == Kind::Redemption => {
                self.tally.refused_redemptions += 1;
            }
            Outcome::Refused { .. } => {
                self.tally.refused += 1;
                match is_of_another {
                    true => self.stragglers += 1,
                    false => self.epoch.refused += 1,
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn issue(&mut self, generation: u64, answer: &Answer) -> Result<()> {
        self.tally.exchanges += 1;
        let issued = self.issued();
        // Which of the two counts as the repetition depends on the order in which the vendor acted,
        // not on that of their arrival.
        let may_repeat = self.rotation == RotationMode::Grace && issued > 0;
        let is_repetition = may_repeat && generation == issued + 1;
        ensure!(
            is_repetition || generation == issued + 2,
            "the vendor issued generation {generation} of a grant of which it had issued {}",
            issued + 1
        );
        if is_repetition {
            self.tally.repeated += 1;
            self.lifetimes
                .again(self.epoch.first + issued, answer.at_ms);
            return Ok(());
        }
        self.epoch.issue(self.seen, answer.at_ms);
        if self.rotation != RotationMode::Kept {
            let ours = self.epoch.first + self.issued();
            self.lifetimes
                .begin(ours, answer.at_ms, end_of(answer.at_ms));
        }
        Ok(())
    }

    /// Notes that a process went on with an earlier grant after this one was refused. Its token
    /// takes the generation of the one that was lost, which callers may have got from memory.
    fn revive(&mut self, at_ms: i64) {
        let lost = self.epoch.first + self.issued();
        self.lifetimes.again(lost + self.epoch.revived, at_ms);
        self.epoch.revived += 1;
    }

    /// Returns how many refreshes of this grant the vendor answered with a new token.
    pub(in crate::chaos) fn issued(&self) -> u64 {
        u64::try_from(self.epoch.issued.len()).unwrap_or(u64::MAX)
    }

    /// Returns whether a process went on with an earlier grant after this one was refused.
    pub(in crate::chaos) fn is_revived(&self) -> bool {
        self.epoch.revived > 0
    }

    /// Returns whether everything that was issued is in the store, which holds this generation.
    /// Tokens of a vendor that keeps refresh tokens may be missing if they were not delivered; that
    /// is explained at the end of the round.
    pub(in crate::chaos) fn agrees(&self, stored: u64) -> bool {
        let all = self.epoch.first + self.issued();
        match self.rotation {
            RotationMode::Kept => stored <= all - self.epoch.unheard,
            _ => stored == all,
        }
    }

    /// Notes that a store acknowledged this generation.
    pub(in crate::chaos) fn committed(&mut self, generation: u64, at_ms: i64) {
        self.know(generation);
        self.lifetimes.durable(generation, at_ms);
    }

    /// Adds this generation. If the vendor keeps refresh tokens, its journal does not tell which
    /// generation an answer became: the newest answer is the newest generation.
    pub(in crate::chaos) fn know(&mut self, generation: u64) {
        let was_issued = generation <= self.epoch.first + self.issued();
        let newest = self.lifetimes.newest().filter(|_| was_issued);
        let Some(newest) = newest.filter(|_| self.rotation == RotationMode::Kept) else {
            return;
        };
        // The process that committed one of these may have been killed before it could report it.
        let at_ms = self.epoch.newest_at_ms;
        for unknown in newest + 1..=generation {
            self.lifetimes.begin(unknown, at_ms, end_of(at_ms));
        }
    }

    /// Allows for processes that had not learned yet that a grant had ended, and tried it once
    /// more.
    pub(in crate::chaos) fn forgive_stragglers(&mut self, at_most: u64) -> Result<()> {
        ensure!(
            self.stragglers <= at_most,
            "{} exchanges were refused after a grant was replaced, and there are {at_most} processes",
            self.stragglers
        );
        self.stragglers = 0;
        Ok(())
    }

    /// Judges a grant that is alive at the end of a round, which is this instant.
    pub(in crate::chaos) fn survived(&mut self, stored: u64, at_ms: i64) -> Result<()> {
        ensure!(
            self.agrees(stored),
            "the vendor issued {} tokens of this grant, and the store holds the {}th",
            self.issued(),
            stored.saturating_sub(self.epoch.first)
        );
        ensure!(
            self.epoch.refused == 0,
            "the vendor refused {} exchanges of a grant that lives",
            self.epoch.refused
        );
        // The process that wrote it may have been killed before it could report it.
        self.know(stored);
        self.lifetimes.durable(stored, at_ms);
        Ok(())
    }

    /// Judges an intent that the store holds beside the record of this generation.
    ///
    /// # Errors
    ///
    /// If the outcome of the announced exchange is in the store: others would wait out a doubt that
    /// does not exist.
    pub(in crate::chaos) fn intent_stands(&self, stored: u64, intended: u64) -> Result<()> {
        ensure!(
            intended >= stored,
            "an intent to spend generation {intended} stands beside generation {stored}, which came of it"
        );
        Ok(())
    }

    /// Judges the totals after the last grant: every exchange is a generation, or is accounted for.
    pub(in crate::chaos) fn adds_up(&self) -> Result<()> {
        let tally = &self.tally;
        let accounted =
            tally.generations + tally.lost + tally.repeated + tally.unheard + tally.overtaken;
        ensure!(
            tally.exchanges == accounted,
            "{} exchanges, {} generations, {} lost, {} repeated, {} unheard and {} overtaken do not add up",
            tally.exchanges,
            tally.generations,
            tally.lost,
            tally.repeated,
            tally.unheard,
            tally.overtaken
        );
        Ok(())
    }

    /// Judges a token that a caller got.
    pub(in crate::chaos) fn handed(&mut self, out: &HandedOut) -> Result<()> {
        self.tally.handed += 1;
        self.know(out.handed.generation);
        self.ended.iter().try_for_each(|ended| ended.judge(out))?;
        if let Some(signed) = &out.handed.signed {
            self.tally.signed += 1;
            signed.judge(out.process)?;
        }
        let judged = self.lifetimes.handed(out.process, &out.handed)?;
        self.tally.late += u64::from(judged.is_late());
        Ok(())
    }
}
