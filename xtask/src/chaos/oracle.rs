//! Who is right: the vendor's journal, the store, and what the processes said, put beside each other.
//!
//! * A grant is lost when the vendor refuses its refresh token. That must be explained: the last token that it issued reached nothing
//!   durable, because its answer was delivered to nobody, or because the process that had it was killed before a store acknowledged it.
//! * Else every exchange is a generation: as many as the vendor issued are in the store.
//! * Every token handed out is one that the vendor issued, and lived at the instant at which it was judged; it may be over by what the
//!   clocks of its writer and its reader differ by, at most, and these are counted.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use token_sim::{Exchange, Outcome};

use super::plan::MOST_DIFFERENCE_MS;
use super::words::Handed;

/// What was issued to a grant so far.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// How many entries of the vendor's journal were looked at.
    seen: usize,
    epoch: Epoch,
    /// By generation: when the token is over by the vendor's clock, and its print once somebody got it.
    tokens: BTreeMap<u64, (i64, Option<u64>)>,
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
    /// Expired, by no more than clocks differ.
    pub(super) late: u64,
    /// Expired by more.
    pub(super) expired: u64,
}

impl Oracle {
    /// A grant begins with this generation, whose token is over at this instant.
    pub(super) fn begin(&mut self, generation: u64, expires_at_ms: i64, seen: usize) {
        self.seen = seen;
        self.epoch = Epoch {
            first: generation,
            ..Epoch::default()
        };
        self.tokens.insert(generation, (expires_at_ms, None));
    }

    /// When the newest token was issued, or is over where it is the first.
    pub(super) fn newest_expiry_ms(&self) -> Option<i64> {
        self.tokens
            .values()
            .next_back()
            .map(|(expires_at_ms, _)| *expires_at_ms)
    }

    /// Reads on in the vendor's journal.
    pub(super) fn read(&mut self, journal: &[Exchange], life_ms: i64) -> Result<()> {
        for exchange in journal.iter().skip(self.seen) {
            match &exchange.outcome {
                Outcome::Issued { generation } => {
                    ensure!(
                        *generation == self.issued() + 2,
                        "the vendor issued generation {generation} of a grant of which it had issued {}",
                        self.issued() + 1
                    );
                    self.epoch.issued.push(self.seen);
                    let ours = self.epoch.first + self.issued();
                    self.tokens.insert(ours, (exchange.at_ms + life_ms, None));
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

    /// A round is over, and the grant lives.
    pub(super) fn survived(&mut self, stored: u64) -> Result<()> {
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
        Ok(())
    }

    /// The grant is over: the vendor refused it. `stored` is what the store holds; `receiver_killed` whether a process was killed in this
    /// round that had sent a request, or had a token, of which the store knew nothing.
    pub(super) fn lost(&mut self, journal: &[Exchange], stored: u64, receiver_killed: bool) -> Result<()> {
        ensure!(
            self.epoch.refused > 0,
            "a process holds a grant for dead that nobody refused"
        );
        self.tally.lost += 1;
        self.tally.generations += stored.saturating_sub(self.epoch.first);
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

    /// The last grant of a run ends.
    pub(super) fn end(&mut self, stored: u64) {
        self.tally.generations += stored.saturating_sub(self.epoch.first);
    }

    /// A caller got a token.
    pub(super) fn handed(&mut self, process: usize, handed: &Handed) -> Result<()> {
        self.tally.handed += 1;
        let Handed {
            generation,
            print,
            judged_at_ms,
            ..
        } = *handed;
        let Some((expires_at_ms, known)) = self.tokens.get_mut(&generation) else {
            bail!("process {process} handed out generation {generation}, which the vendor never issued");
        };
        let known = *known.get_or_insert(print);
        ensure!(
            known == print,
            "two different tokens were handed out as generation {generation}"
        );
        let late_ms = judged_at_ms - *expires_at_ms;
        if late_ms < 0 {
            return Ok(());
        }
        // Records carry the wall clock of their writer: who reads one cannot tell by how much the two clocks differ.
        self.tally.late += 1;
        if late_ms > MOST_DIFFERENCE_MS {
            self.tally.expired += 1;
            bail!(
                "process {process} handed out generation {generation} {:.1} s after it was over",
                f64::from(i32::try_from(late_ms).unwrap_or(i32::MAX)) / 1000.0
            );
        }
        Ok(())
    }
}
