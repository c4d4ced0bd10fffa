//! Who is right: the vendor's journal, the store, and what the processes said, put beside each
//! other.
//!
//! * A grant is lost when the vendor refuses its refresh token. That must be explained
//!   (`endings.rs`): the last token that it issued reached nothing durable, because its answer was
//!   delivered to nobody, or because the process that had it was killed before a store acknowledged
//!   it. A token that lay whole on disk reached something durable. A vendor that keeps refresh
//!   tokens loses no grant.
//! * Else every exchange is a generation: as many as the vendor issued are in the store.
//! * A refresh token whose outcome is unknown rests before it is sent again (`rests.rs`), and no
//!   intent outlives its outcome.
//! * Every token handed out is one that the vendor issued, and lived at the instant at which it was
//!   judged, whatever the clocks said. Only the time that its record was under way to the store is
//!   excused, since nobody can know it (`lives.rs`).
//! * A process that learned the vendor's clock signs by it, whatever its own does (`signing.rs`).
//! * A logout is final, a failed redemption harms nobody, and the grant of a successful one wins
//!   (`endings.rs`).

mod answer;
mod endings;
mod epoch;
mod lifetimes;
mod rests;
mod signing;

use anyhow::{Result, ensure};
use token_sim::{Kind, Outcome};

pub(super) use self::answer::Answer;
use self::endings::Ended;
pub(super) use self::endings::{Deaths, LogOut};
use self::epoch::Epoch;
use self::lifetimes::{Lifetimes, end_of};
pub(super) use self::rests::Clocks;
use self::rests::Rests;
use super::rotation::RotationMode;
use super::workers::HandedOut;

/// What was issued to a grant so far.
#[derive(Debug)]
pub(super) struct Oracle {
    rotation: RotationMode,
    /// How many entries of the vendor's journal were looked at.
    seen: usize,
    epoch: Epoch,
    lives: Lifetimes,
    rests: Rests,
    ended: Option<Ended>,
    /// Refusals of grants that were over.
    stragglers: u64,
    pub(super) tally: Tally,
}

/// The figures of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) exchanges: u64,
    pub(super) generations: u64,
    pub(super) refused: u64,
    /// Issued again for the same refresh token, by the vendor's grace.
    pub(super) repeated: u64,
    /// Issued by a vendor that keeps refresh tokens, and heard by nobody who could write it down.
    pub(super) unheard: u64,
    /// Issued to a grant that was logged out or replaced meanwhile.
    pub(super) overtaken: u64,
    pub(super) logouts: u64,
    pub(super) redemptions: u64,
    pub(super) refused_redemptions: u64,
    pub(super) lost: u64,
    /// Lost since the answer was delivered to nobody.
    pub(super) undelivered: u64,
    /// Lost since the only receiver was killed.
    pub(super) killed: u64,
    pub(super) handed: u64,
    /// Instants for signatures by processes that had learned the vendor's clock.
    pub(super) signed: u64,
    /// Over, by no more than the way of their records to the store took.
    pub(super) late: u64,
}

/// A grant as it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// The vendor's number of it.
    pub(super) grant: Option<usize>,
    pub(super) generation: u64,
    pub(super) issued_at_ms: i64,
    pub(super) expires_at_ms: i64,
}

impl Oracle {
    pub(super) fn new(rotation: RotationMode) -> Self {
        Self {
            rotation,
            seen: 0,
            epoch: Epoch::default(),
            lives: Lifetimes::default(),
            rests: Rests::new(rotation),
            ended: None,
            stragglers: 0,
            tally: Tally::default(),
        }
    }

    /// A grant begins; what the journal says up to `seen` is of others.
    pub(super) fn begin(&mut self, begun: &Begun, seen: usize) {
        self.seen = seen;
        self.epoch = Epoch::new(begun.grant, begun.generation);
        self.ended.iter_mut().for_each(Ended::follow);
        self.lives.unheard = 0;
        self.lives
            .begin(begun.generation, begun.issued_at_ms, begun.expires_at_ms);
    }

    /// Whether the wall clocks of this round can be believed.
    pub(super) fn set_clocks(&mut self, clocks: Clocks) {
        self.rests.clocks = clocks;
    }

    /// The vendor's number of the grant.
    pub(super) fn grant(&self) -> Option<usize> {
        self.epoch.grant
    }

    /// When the newest token is over.
    pub(super) fn newest_expiry_ms(&self) -> Option<i64> {
        self.lives.newest_expiry_ms()
    }

    /// Reads on in the vendor's journal, up to an entry whose outcome is still to come, or that
    /// begins a grant whose first generation is not known yet.
    pub(super) fn read(&mut self, journal: &[Answer]) -> Result<()> {
        for answer in journal.iter().skip(self.seen) {
            if answer.outcome == Outcome::Pending || answer.begins_a_grant() {
                return Ok(());
            }
            self.rests
                .judge(journal, self.seen, self.lives.newest_expiry_ms())?;
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
        // Which of the two is called the repetition is the order in which the vendor acted, and not
        // that of their arrival.
        let may_repeat = self.rotation == RotationMode::Grace && issued > 0;
        let is_repetition = may_repeat && generation == issued + 1;
        ensure!(
            is_repetition || generation == issued + 2,
            "the vendor issued generation {generation} of a grant of which it had issued {}",
            issued + 1
        );
        if is_repetition {
            self.tally.repeated += 1;
            self.lives.again(self.epoch.first + issued, answer.at_ms);
            return Ok(());
        }
        self.epoch.issue(self.seen, answer.at_ms);
        if self.rotation != RotationMode::Kept {
            let ours = self.epoch.first + self.issued();
            self.lives.begin(ours, answer.at_ms, end_of(answer.at_ms));
        }
        Ok(())
    }

    /// How many refreshes of this grant the vendor answered with a token that it had not given
    /// before.
    pub(super) fn issued(&self) -> u64 {
        u64::try_from(self.epoch.issued.len()).unwrap_or(u64::MAX)
    }

    /// Whether all that was issued is in the store, which holds this generation. What a vendor that
    /// keeps refresh tokens issued to nobody may be missing; it is explained when the round is
    /// over.
    pub(super) fn agrees(&self, stored: u64) -> bool {
        let all = self.epoch.first + self.issued();
        match self.rotation {
            RotationMode::Kept => stored <= all - self.epoch.unheard,
            _ => stored == all,
        }
    }

    /// A store acknowledged this generation.
    pub(super) fn committed(&mut self, generation: u64, at_ms: i64) {
        self.know(generation);
        self.lives.durable(generation, at_ms);
    }

    /// Where the vendor keeps refresh tokens its journal does not tell which generation an answer
    /// became: the newest answer is the newest generation.
    pub(super) fn know(&mut self, generation: u64) {
        let was_issued = generation <= self.epoch.first + self.issued();
        let newest = self.lives.newest().filter(|_| was_issued);
        let Some(newest) = newest.filter(|_| self.rotation == RotationMode::Kept) else {
            return;
        };
        // Whoever committed one of these may have been killed before it could say so.
        let at_ms = self.epoch.newest_at_ms;
        for unknown in newest + 1..=generation {
            self.lives.begin(unknown, at_ms, end_of(at_ms));
        }
    }

    /// Those who had not heard yet that a grant is over may have tried it once more.
    pub(super) fn forgive_stragglers(&mut self, at_most: u64) -> Result<()> {
        ensure!(
            self.stragglers <= at_most,
            "{} exchanges were refused after a grant was replaced, and there are {at_most} processes",
            self.stragglers
        );
        self.stragglers = 0;
        Ok(())
    }

    /// A round is over at this instant, and the grant lives.
    pub(super) fn survived(&mut self, stored: u64, at_ms: i64) -> Result<()> {
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
        // Who wrote it may have been killed before it could say so.
        self.know(stored);
        self.lives.durable(stored, at_ms);
        Ok(())
    }

    /// An intent stands in the store beside the record of this generation.
    ///
    /// # Errors
    ///
    /// Where the outcome of what it announced is in the store: others would wait out a doubt that
    /// nobody has.
    pub(super) fn intent_stands(&self, stored: u64, intended: u64) -> Result<()> {
        ensure!(
            intended >= stored,
            "an intent to spend generation {intended} stands beside generation {stored}, which came of it"
        );
        Ok(())
    }

    /// After the last grant: every exchange is a generation, or is accounted for.
    pub(super) fn adds_up(&self) -> Result<()> {
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

    /// A caller got a token.
    pub(super) fn handed(&mut self, out: &HandedOut) -> Result<()> {
        self.tally.handed += 1;
        self.know(out.handed.generation);
        self.ended.iter().try_for_each(|ended| ended.judge(out))?;
        if let Some(signed) = &out.handed.signed {
            self.tally.signed += 1;
            signing::judge(out.process, signed)?;
        }
        let judged = self.lives.handed(out.process, &out.handed)?;
        self.tally.late += u64::from(judged.is_late());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
