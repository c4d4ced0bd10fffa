//! How a grant ends: lost, logged out, or replaced by a redemption.

use anyhow::{Context as _, Result, bail, ensure};

use super::answer::Answer;
use super::grant::Ended;
use super::judge::{Begun, Oracle};
use super::lifetimes::end_of;
use crate::chaos::rotation::{GRACE, RotationMode};

/// The processes that died in a round, and what they left.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::chaos) struct Deaths {
    /// Processes that had sent a request, or had a token, unknown to the store.
    pub(in crate::chaos) receivers: u64,
    /// The newest generation that was complete in a temporary file when its writer died.
    pub(in crate::chaos) whole_on_disk: Option<u64>,
}

/// What was seen of a logout once nothing was under way any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::chaos) struct LogOut {
    /// The generation that its tombstone removed; `None`: there is no tombstone.
    pub(in crate::chaos) removed: Option<u64>,
    /// Whether the vendor was asked to revoke the grant.
    pub(in crate::chaos) revoked: bool,
}

impl Oracle {
    /// Judges a grant that the vendor refused. `stored` is what the store holds.
    pub(in crate::chaos) fn lost(
        &mut self,
        journal: &[Answer],
        stored: u64,
        deaths: &Deaths,
    ) -> Result<()> {
        ensure!(
            self.epoch.refused > 0,
            "a process considers a grant dead that was not refused"
        );
        self.tally.lost += 1;
        let stored = self.newest_of_this_grant(stored);
        self.end(stored);
        let durable = stored.saturating_sub(self.epoch.first);
        ensure!(
            self.issued() == durable + 1,
            "the grant is lost though {} tokens were issued and {durable} of them are durable",
            self.issued()
        );
        if let Some(whole) = deaths.whole_on_disk.filter(|whole| *whole > stored) {
            bail!(
                "the grant is lost though generation {whole} was complete on disk when its writer died: it was not recovered"
            );
        }
        let place = self.epoch.issued.last().context("nothing was issued")?;
        self.may_be_lost(journal, *place)?;
        match journal.get(*place) {
            Some(last) if !last.delivered => self.tally.undelivered += 1,
            Some(_) if deaths.receivers > 0 => self.tally.killed += 1,
            _ => {
                bail!(
                    "the grant is lost, and the last token was delivered to a process that was not killed"
                )
            }
        }
        Ok(())
    }

    /// Returns the newest generation of a grant that is lost, if the store holds `stored`: a
    /// process that went on with an earlier grant may have stored a token of that.
    fn newest_of_this_grant(&self, stored: u64) -> u64 {
        let before_the_last = self.epoch.first + self.issued().saturating_sub(1);
        let beyond = stored.saturating_sub(before_the_last);
        stored - beyond.min(self.epoch.revived)
    }

    /// Checks whether the vendor may refuse the used token.
    fn may_be_lost(&self, journal: &[Answer], last: usize) -> Result<()> {
        match self.rotation {
            RotationMode::SingleUse => return Ok(()),
            RotationMode::Kept => bail!("the grant is lost though the vendor keeps refresh tokens"),
            RotationMode::Grace => {}
        }
        let issued_at_ms = journal.get(last).map_or(i64::MIN, |answer| answer.at_ms);
        let mut after = journal.iter().skip(last);
        let refused = after.find(|answer| answer.is_refused_refresh());
        let late_ms = refused.map_or(0, |answer| answer.at_ms.saturating_sub(issued_at_ms));
        ensure!(
            u128::try_from(late_ms).is_ok_and(|late_ms| late_ms > GRACE.as_millis()),
            "the grant is lost {} s after its token was spent, within the vendor's grace",
            late_ms / 1000
        );
        Ok(())
    }

    /// Ends a grant with this generation in the store.
    pub(in crate::chaos) fn end(&mut self, stored: u64) {
        self.tally.generations += stored.saturating_sub(self.epoch.first);
    }

    /// Judges the end of a round. If the vendor keeps refresh tokens, an exchange that is no
    /// generation costs no grant, but must be explained all the same.
    pub(in crate::chaos) fn explain_unheard(
        &mut self,
        journal: &[Answer],
        stored: u64,
        deaths: &Deaths,
    ) -> Result<()> {
        let undelivered =
            |place: &&usize| journal.get(**place).is_some_and(|answer| !answer.delivered);
        let undelivered = self
            .epoch
            .since_last_round()
            .iter()
            .filter(undelivered)
            .count();
        // A token that was complete on disk had to be recovered.
        let whole = deaths.whole_on_disk > self.lifetimes.newest();
        let died = deaths.receivers.saturating_sub(u64::from(whole));
        let explained = u64::try_from(undelivered).unwrap_or(u64::MAX) + died;
        let durable = stored.saturating_sub(self.epoch.first);
        let unheard = self.issued().saturating_sub(durable + self.epoch.unheard);
        ensure!(
            unheard <= explained,
            "{unheard} tokens were issued in this round and are not in the store, and {explained} of them were not delivered"
        );
        self.tally.unheard += unheard;
        self.epoch.unheard += unheard;
        self.lifetimes
            .set_unheard(self.epoch.first, self.epoch.unheard);
        self.epoch.explained = self.epoch.issued.len();
        Ok(())
    }

    /// Judges a logout once nothing is under way any more. A new grant is to begin.
    pub(in crate::chaos) fn logged_out(&mut self, out: &LogOut) -> Result<()> {
        self.tally.logouts += 1;
        let removed = out
            .removed
            .context("no tombstone stands after a logout: something was written over it")?;
        ensure!(
            out.revoked,
            "a grant was logged out and its token was not revoked"
        );
        self.end_overtaken(removed)?;
        self.ended = Some(Ended::at(removed));
        Ok(())
    }

    /// Judges a redeemed code whose token has this generation: the previous grant ends, and a new
    /// one begins.
    pub(in crate::chaos) fn redeemed(&mut self, journal: &[Answer], generation: u64) -> Result<()> {
        self.tally.redemptions += 1;
        self.read(journal)?;
        let first = journal
            .get(self.seen)
            .filter(|answer| answer.begins_a_grant());
        let first = first.context("a code was redeemed, and the vendor knows nothing of it")?;
        self.know(generation.saturating_sub(1));
        self.end_overtaken(generation.saturating_sub(1))?;
        self.tally.exchanges += 1;
        self.tally.generations += 1;
        let begun = Begun {
            grant: first.grant,
            generation,
            issued_at_ms: first.at_ms,
            expires_at_ms: end_of(first.at_ms),
        };
        self.begin(&begun, self.seen + 1);
        Ok(())
    }

    /// Ends the grant with this generation in the store; one exchange may have been under way.
    fn end_overtaken(&mut self, stored: u64) -> Result<()> {
        let durable = stored.saturating_sub(self.epoch.first);
        let missing = (self.issued() - self.epoch.unheard).checked_sub(durable);
        let missing = missing.context("the store holds more tokens than the vendor issued")?;
        ensure!(
            missing <= 1,
            "{missing} tokens were issued that were not in the store when the grant was ended"
        );
        self.tally.overtaken += missing;
        self.end(stored);
        Ok(())
    }
}
