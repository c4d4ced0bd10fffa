//! What goes wrong in a round, done to real processes, a real store and the vendor's answers.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use token_sim::Exchange;

use super::crew::Crew;
use super::facts::Facts;
use super::options::RuntimeMode;
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
        if let Trouble::KillAtStep(step) = plan.trouble {
            self.crew.die_before(step).await;
        }
        self.ask_all(plan).await;
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

    async fn ask_all(&mut self, plan: &Plan) {
        let drops = self.runtime == RuntimeMode::Dropped;
        self.counts.dropped_runtimes += u64::from(drops);
        self.crew
            .ask_all_at(0, drops.then_some(plan.drop_after_us))
            .await;
    }

    /// The request is held, and its sender is known.
    async fn amid(&mut self, plan: &Plan) -> Result<()> {
        let known = |crew: &Crew| crew.sender().is_some();
        self.crew.hear_until(Duration::from_secs(2), known).await;
        let holder = self.crew.sender().context("nobody says that it sends")?;
        if let Some(Step {
            process: None,
            by_ms,
        }) = plan.step
        {
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
            Trouble::LogOut { by, .. } => self.logout(by.unwrap_or(holder)).await,
            Trouble::Redeem {
                by,
                code,
                stopped_ms,
                ..
            } => {
                let by = by.unwrap_or(holder);
                let stopped_ms = stopped_ms.filter(|_| by != holder);
                if stopped_ms.is_some() {
                    self.counts.stops += 1;
                    self.crew.stop(holder)?;
                }
                self.redeem(by, *code, stopped_ms).await
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
                    all.iter()
                        .filter(|one| one.is_issued() && one.delivered)
                        .count()
                        > delivered
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
            Trouble::KillAtStep(_) => self.die_at_step().await,
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
            Trouble::Nothing
            | Trouble::KillHolder(_)
            | Trouble::Cut(_)
            | Trouble::LogOut { .. }
            | Trouble::Redeem { .. } => Ok(()),
        }
    }

    /// Nobody touches what the dead one left on disk before it was looked at.
    async fn kill(&mut self, process: usize) -> Result<()> {
        if !self.ground.is_folder() {
            self.crew.kill(process).await?;
            return self.note_death(process, None);
        }
        self.crew.signal_others(process, Signal::STOP)?;
        self.crew.kill(process).await?;
        let whole = self.ground.whole_on_disk();
        self.crew.signal_others(process, Signal::CONT)?;
        self.note_death(process, whole)
    }

    /// Somebody was told to kill itself, and does where it gets that far.
    async fn die_at_step(&mut self) -> Result<()> {
        let dead = |crew: &Crew| crew.members.iter().position(|member| member.facts.gone);
        let is_over = |crew: &Crew| dead(crew).is_some() || crew.all(Facts::has_answered);
        self.crew.hear_until(Duration::from_secs(3), is_over).await;
        // Whoever was handed a due token has its refresh still before it.
        let patience = Duration::from_millis(300);
        self.crew
            .hear_until(patience, |crew| dead(crew).is_some())
            .await;
        self.crew.die_before(0).await;
        let Some(process) = dead(&self.crew) else {
            return Ok(());
        };
        self.crew.bury(process).await?;
        let whole = self
            .crew
            .facts(process)
            .and_then(|facts| facts.whole_at_death);
        self.note_death(process, whole)
    }

    fn note_death(&mut self, process: usize, whole: Option<u64>) -> Result<()> {
        self.counts.kills += 1;
        let facts = self.crew.facts(process).context("no such process")?;
        self.deaths.receivers += u64::from(facts.would_lose());
        self.counts.spilled += u64::from(facts.holding && facts.spilled);
        self.counts.whole_on_disk += u64::from(facts.holding && whole.is_some());
        self.deaths.whole_on_disk = self.deaths.whole_on_disk.max(whole);
        if let Some(generation) = whole {
            self.crew.log.say(&format!(
                "generation {generation} lies whole in a temporary file"
            ));
        }
        Ok(())
    }

    fn take_away(&mut self, outage: Outage) -> Result<()> {
        self.counts.outages += 1;
        self.crew
            .log
            .say(&format!("the store is taken away: {outage:?}"));
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
        all.iter()
            .filter(|one| one.is_issued() && one.delivered)
            .count()
    }
}
