//! What goes wrong in a round, done to real processes, a real store and the vendor's answers.

use std::time::Duration;

use anyhow::{Context as _, Result};
use token_sim::Exchange;

use super::crew::Crew;
use super::plan::{Plan, Step, Trouble};
use super::round::Play;
use super::stores::{Ground, Outage};

impl Play {
    /// Lets everybody ask while something goes wrong.
    pub(super) async fn disturb(&mut self, plan: &Plan) -> Result<()> {
        match plan.trouble {
            Trouble::Cut(cut) => {
                self.counts.cuts += 1;
                self.sim.fault(cut.fault());
            }
            Trouble::AwayBefore { outage, .. } => self.take_away(outage)?,
            _ => {}
        }
        let hold = plan.trouble.held_at().map(|at| self.sim.hold_next(at));
        let delivered = self.delivered();
        self.crew.ask_all().await;
        if let Some(Step {
            process: Some(process),
            by_ms,
        }) = plan.step
        {
            self.step(process, by_ms)?;
        }
        if let Some(hold) = hold {
            // Nobody may have to refresh: then there is nothing to be disturbed.
            let caught = tokio::time::timeout(Duration::from_secs(3), hold.caught(1)).await;
            if caught.is_ok() {
                self.amid(plan).await?;
            }
            hold.release();
        }
        self.afterwards(&plan.trouble, delivered).await
    }

    /// The request is held, and its sender is known.
    async fn amid(&mut self, plan: &Plan) -> Result<()> {
        let known = |crew: &Crew| crew.sender().is_some();
        self.crew.hear_until(Duration::from_secs(2), known).await;
        let holder = self.crew.sender().context("nobody says that it sends")?;
        if let Some(Step { process: None, by_ms }) = plan.step {
            self.step(holder, by_ms)?;
        }
        match &plan.trouble {
            Trouble::KillHolder(_) => self.kill(holder).await,
            Trouble::StopHolder { .. } => {
                self.counts.stops += 1;
                self.crew.stop(holder)
            }
            Trouble::AwayAmid { outage, .. } | Trouble::SpillAndKill { outage, .. } => {
                self.take_away(*outage)
            }
            _ => Ok(()),
        }
    }

    /// A wall clock is wrong by so much more until the next round.
    fn step(&mut self, process: usize, by_ms: i64) -> Result<()> {
        self.counts.steps += 1;
        self.crew
            .log
            .add(process, &format!("its clock steps by {by_ms} ms"));
        let skew = self.skews.get(process).copied().unwrap_or_default();
        self.hands.skew(process, skew + by_ms)
    }

    async fn afterwards(&mut self, trouble: &Trouble, delivered: usize) -> Result<()> {
        match *trouble {
            Trouble::KillReceiver(after_us) => {
                let arrived = |all: &[Exchange]| {
                    all.iter().filter(|one| one.is_issued() && one.delivered).count() > delivered
                };
                let patience = Duration::from_secs(3);
                let journal = self.sim.journal().clone();
                if tokio::time::timeout(patience, journal.wait_until(arrived))
                    .await
                    .is_err()
                {
                    return Ok(());
                }
                self.crew.hear_for(Duration::from_micros(after_us)).await;
                match self.crew.last_sender {
                    Some(receiver) => self.kill(receiver).await,
                    None => Ok(()),
                }
            }
            Trouble::SpillAndKill { after_ms, .. } => {
                self.crew.hear_for(Duration::from_millis(after_ms)).await;
                match self.crew.last_sender {
                    Some(receiver) => self.kill(receiver).await,
                    None => Ok(()),
                }
            }
            Trouble::KillAnybody { process, after_ms } => {
                self.crew.hear_for(Duration::from_millis(after_ms)).await;
                self.kill(process).await
            }
            Trouble::StopAnybody {
                process,
                after_ms,
                for_ms,
            } => {
                self.crew.hear_for(Duration::from_millis(after_ms)).await;
                self.counts.stops += 1;
                self.crew.stop(process)?;
                self.crew.hear_for(Duration::from_millis(for_ms)).await;
                Ok(())
            }
            Trouble::StopHolder { for_ms, .. }
            | Trouble::AwayBefore { for_ms, .. }
            | Trouble::AwayAmid { for_ms, .. } => {
                self.crew.hear_for(Duration::from_millis(for_ms)).await;
                Ok(())
            }
            Trouble::Nothing | Trouble::KillHolder(_) | Trouble::Cut(_) => Ok(()),
        }
    }

    async fn kill(&mut self, process: usize) -> Result<()> {
        self.counts.kills += 1;
        self.crew.kill(process).await?;
        let Some(dead) = self.crew.members.get(process) else {
            return Ok(());
        };
        self.receiver_killed |= dead.facts.would_lose();
        self.counts.spilled += u64::from(dead.facts.holding && dead.facts.spilled);
        Ok(())
    }

    fn take_away(&mut self, outage: Outage) -> Result<()> {
        self.counts.outages += 1;
        self.crew.log.say(&format!("the store is taken away: {outage:?}"));
        self.away = Some(outage);
        self.limit(outage, Some(64))?;
        self.ground.take_away(outage)
    }

    /// A folder's full disk is each process's own limit.
    fn limit(&mut self, outage: Outage, bytes: Option<u64>) -> Result<()> {
        match (&self.ground, outage) {
            (Ground::File(_), Outage::Full) => self.crew.limit_files(bytes),
            _ => Ok(()),
        }
    }

    /// Puts right what can be put right.
    pub(super) async fn recover(&mut self) -> Result<()> {
        self.crew.resume_all()?;
        if let Some(outage) = self.away.take() {
            self.limit(outage, None)?;
            self.ground.give_back(outage)?;
            self.crew.log.say("the store is given back");
        }
        self.crew.replace_the_dead().await
    }

    fn delivered(&self) -> usize {
        let all = self.sim.exchanges();
        all.iter().filter(|one| one.is_issued() && one.delivered).count()
    }
}
