//! Who is right: the vendor's journal, the store, and what the processes said, put beside each other.
//!
//! * A grant is lost when the vendor refuses its refresh token. That must be explained: the last token that it issued reached nothing
//!   durable, because its answer was delivered to nobody, or because the process that had it was killed before a store acknowledged it.
//! * Else every exchange is a generation: as many as the vendor issued are in the store.
//! * Every token handed out is one that the vendor issued, and lived at the instant at which it was judged, whatever the clocks said.
//!   Only the time that its record was under way to the store is excused, since nobody can know it (`lives.rs`).

mod lives;

use anyhow::{Result, bail, ensure};
use token_sim::{Exchange, Outcome};

use self::lives::{Lives, end_of};
use super::words::Handed;

/// What was issued to a grant so far.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// How many entries of the vendor's journal were looked at.
    seen: usize,
    epoch: Epoch,
    lives: Lives,
    pub(super) tally: Tally,
}

/// The life of one grant.
#[derive(Debug, Default)]
struct Epoch {
    /// The generation that the grant began with.
    first: u64,
    /// Where in the journal the tokens are that the vendor issued.
    issued: Vec<usize>,
    refused: u64,
}

/// The figures of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) exchanges: u64,
    pub(super) generations: u64,
    pub(super) refused: u64,
    pub(super) lost: u64,
    /// Lost since the answer was delivered to nobody.
    pub(super) undelivered: u64,
    /// Lost since the only receiver was killed.
    pub(super) killed: u64,
    pub(super) handed: u64,
    /// Over, by no more than the way of their records to the store took.
    pub(super) late: u64,
}

/// What matters of an entry of the vendor's journal.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    outcome: Outcome,
    delivered: bool,
    at_ms: i64,
}

impl From<&Exchange> for Answer {
    fn from(exchange: &Exchange) -> Self {
        Self {
            outcome: exchange.outcome.clone(),
            delivered: exchange.delivered,
            at_ms: exchange.at_ms,
        }
    }
}

impl Oracle {
    /// A grant begins with this generation, issued and over at these instants; what the journal says up to `seen` is of others.
    pub(super) fn begin(&mut self, generation: u64, issued_at_ms: i64, expires_at_ms: i64, seen: usize) {
        self.seen = seen;
        self.epoch = Epoch {
            first: generation,
            ..Epoch::default()
        };
        self.lives.begin(generation, issued_at_ms, expires_at_ms);
    }

    /// When the newest token is over.
    pub(super) fn newest_expiry_ms(&self) -> Option<i64> {
        self.lives.newest_expiry_ms()
    }

    /// Reads on in the vendor's journal.
    pub(super) fn read(&mut self, journal: &[Answer]) -> Result<()> {
        for answer in journal.iter().skip(self.seen) {
            match &answer.outcome {
                Outcome::Issued { generation } => {
                    ensure!(
                        *generation == self.issued() + 2,
                        "the vendor issued generation {generation} of a grant of which it had issued {}",
                        self.issued() + 1
                    );
                    self.epoch.issued.push(self.seen);
                    let ours = self.epoch.first + self.issued();
                    self.lives.begin(ours, answer.at_ms, end_of(answer.at_ms));
                    self.tally.exchanges += 1;
                }
                Outcome::Refused { .. } => {
                    self.epoch.refused += 1;
                    self.tally.refused += 1;
                }
                // Its outcome is still to come: it is looked at next time.
                Outcome::Pending => return Ok(()),
                _ => {}
            }
            self.seen += 1;
        }
        Ok(())
    }

    /// How many refreshes of this grant the vendor answered with a token.
    pub(super) fn issued(&self) -> u64 {
        u64::try_from(self.epoch.issued.len()).unwrap_or(u64::MAX)
    }

    /// Whether all that was issued is in the store, which holds this generation.
    pub(super) fn agrees(&self, stored: u64) -> bool {
        stored == self.epoch.first + self.issued()
    }

    /// A store acknowledged this generation.
    pub(super) fn committed(&mut self, generation: u64, at_ms: i64) {
        self.lives.durable(generation, at_ms);
    }

    /// Those who had not heard yet that a grant is over may have tried it once more.
    pub(super) fn forgive_stragglers(&mut self, at_most: u64) -> Result<()> {
        ensure!(
            self.epoch.refused <= at_most,
            "{} exchanges were refused after a grant was replaced, and there are {at_most} processes",
            self.epoch.refused
        );
        self.epoch.refused = 0;
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
        self.lives.durable(stored, at_ms);
        Ok(())
    }

    /// The grant is over: the vendor refused it. `stored` is what the store holds; `receiver_killed` whether a process was killed in this
    /// round that had sent a request, or had a token, of which the store knew nothing.
    pub(super) fn lost(&mut self, journal: &[Answer], stored: u64, receiver_killed: bool) -> Result<()> {
        ensure!(
            self.epoch.refused > 0,
            "a process holds a grant for dead that nobody refused"
        );
        self.tally.lost += 1;
        self.end(stored);
        let durable = stored.saturating_sub(self.epoch.first);
        ensure!(
            self.issued() == durable + 1,
            "the grant is lost though {} tokens were issued and {durable} of them are durable",
            self.issued()
        );
        let last = self.epoch.issued.last().and_then(|place| journal.get(*place));
        match last {
            Some(last) if !last.delivered => self.tally.undelivered += 1,
            Some(_) if receiver_killed => self.tally.killed += 1,
            _ => {
                bail!("the grant is lost, and the last token was delivered to a process that was not killed")
            }
        }
        Ok(())
    }

    /// A grant ends with this generation in the store.
    pub(super) fn end(&mut self, stored: u64) {
        self.tally.generations += stored.saturating_sub(self.epoch.first);
    }

    /// After the last grant: every exchange is a generation, or was the last of a grant that was lost.
    pub(super) fn adds_up(&self) -> Result<()> {
        let tally = &self.tally;
        ensure!(
            tally.exchanges == tally.generations + tally.lost,
            "{} exchanges, {} generations and {} lost do not add up",
            tally.exchanges,
            tally.generations,
            tally.lost
        );
        Ok(())
    }

    /// A caller got a token.
    pub(super) fn handed(&mut self, process: usize, handed: &Handed) -> Result<()> {
        self.tally.handed += 1;
        let judged = self.lives.handed(process, handed)?;
        self.tally.late += u64::from(judged.is_late());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
