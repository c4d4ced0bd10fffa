//! What goes wrong in a round: faults of real processes, a real store and the vendor's answers.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use token_sim::Exchange;
use tokio::time::timeout;

use super::options::RuntimeMode;
use super::plan::{Plan, Step, Trouble};
use super::run::Run;
use super::store_fixture::{Outage, StoreFixture};
use super::worker_state::WorkerState;
use super::workers::Workers;

impl Run {
    /// Lets all processes ask while something goes wrong.
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
        let delivered = delivered_in(&self.sim.exchanges());
        if let Trouble::KillAtStep(step) = plan.trouble {
            self.workers.die_before(step).await;
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
            // It may be that no process has to refresh: then there is nothing to disturb.
            let caught = timeout(Duration::from_secs(3), hold.caught(1)).await;
            if caught.is_ok() {
                self.during_request(plan).await?;
            }
            hold.release();
        }
        self.afterwards(&plan.trouble, delivered).await
    }

    async fn ask_all(&mut self, plan: &Plan) {
        let drops = self.runtime == RuntimeMode::Dropped;
        self.counts.dropped_runtimes += u64::from(drops);
        self.workers
            .ask_all_at(0, drops.then_some(plan.drop_after_us))
            .await;
    }

    /// Disturbs a held request whose sender is known.
    async fn during_request(&mut self, plan: &Plan) -> Result<()> {
        let known = |workers: &Workers| workers.sender().is_some();
        self.workers
            .receive_until(Duration::from_secs(2), known)
            .await;
        let holder = self
            .workers
            .sender()
            .context("no process reported a request")?;
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
                self.workers.stop(holder)
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
                    self.workers.stop(holder)?;
                }
                self.redeem(by, *code, stopped_ms).await
            }
            _ => Ok(()),
        }
    }

    /// Steps the wall clock of a process by this much until the next round.
    fn step(&mut self, process: usize, by_ms: i64) -> Result<()> {
        self.counts.steps += 1;
        self.workers
            .log
            .add(process, &format!("its clock steps by {by_ms} ms"));
        let skew = self.skews.get(process).copied().unwrap_or_default();
        self.clock_file.skew(process, skew + by_ms)
    }

    async fn afterwards(&mut self, trouble: &Trouble, delivered: usize) -> Result<()> {
        match *trouble {
            Trouble::KillReceiver(after_us) => {
                let arrived = |all: &[Exchange]| delivered_in(all) > delivered;
                let journal = self.sim.journal().clone();
                let arrival = journal.wait_until(arrived);
                if timeout(Duration::from_secs(3), arrival).await.is_err() {
                    return Ok(());
                }
                self.workers
                    .receive_for(Duration::from_micros(after_us))
                    .await;
                self.kill_receiver().await
            }
            Trouble::SpillAndKill { after_ms, .. } => {
                self.receive_for_ms(after_ms).await;
                self.kill_receiver().await
            }
            Trouble::KillAtStep(_) => self.die_at_step().await,
            Trouble::KillAnybody { process, after_ms } => {
                self.receive_for_ms(after_ms).await;
                self.kill(process).await
            }
            Trouble::StopAnybody {
                process,
                after_ms,
                for_ms,
            } => {
                self.receive_for_ms(after_ms).await;
                self.counts.stops += 1;
                self.workers.stop(process)?;
                self.receive_for_ms(for_ms).await;
                Ok(())
            }
            Trouble::StopHolder { for_ms, .. }
            | Trouble::AwayBefore { for_ms, .. }
            | Trouble::AwayAmid { for_ms, .. } => {
                self.receive_for_ms(for_ms).await;
                Ok(())
            }
            Trouble::Nothing
            | Trouble::KillHolder(_)
            | Trouble::Cut(_)
            | Trouble::LogOut { .. }
            | Trouble::Redeem { .. } => Ok(()),
        }
    }

    async fn receive_for_ms(&mut self, ms: u64) {
        self.workers.receive_for(Duration::from_millis(ms)).await;
    }

    async fn kill_receiver(&mut self) -> Result<()> {
        match self.workers.last_sender {
            Some(receiver) => self.kill(receiver).await,
            None => Ok(()),
        }
    }

    /// Kills a process. No other process touches what it left on disk before that was checked.
    async fn kill(&mut self, process: usize) -> Result<()> {
        if !self.fixture.is_folder() {
            self.workers.kill(process).await?;
            return self.note_death(process, None);
        }
        self.workers.signal_others(process, Signal::STOP)?;
        self.workers.kill(process).await?;
        let whole = self.fixture.whole_on_disk();
        self.workers.signal_others(process, Signal::CONT)?;
        self.note_death(process, whole)
    }

    /// Waits for a process that was told to kill itself, and does so if it gets that far.
    async fn die_at_step(&mut self) -> Result<()> {
        let dead = |workers: &Workers| {
            workers
                .processes
                .iter()
                .position(|worker| worker.state.gone)
        };
        let is_over =
            |workers: &Workers| dead(workers).is_some() || workers.all(WorkerState::has_answered);
        self.workers
            .receive_until(Duration::from_secs(3), is_over)
            .await;
        // A process that was handed a due token has yet to refresh it.
        let limit = Duration::from_millis(300);
        self.workers
            .receive_until(limit, |workers| dead(workers).is_some())
            .await;
        self.workers.die_before(0).await;
        let Some(process) = dead(&self.workers) else {
            return Ok(());
        };
        self.workers.reap(process).await?;
        let whole = self
            .workers
            .state(process)
            .and_then(|state| state.whole_at_death);
        self.note_death(process, whole)
    }

    fn note_death(&mut self, process: usize, whole: Option<u64>) -> Result<()> {
        self.counts.kills += 1;
        let state = self.workers.state(process).context("no such process")?;
        self.deaths.receivers += u64::from(state.would_lose());
        self.counts.in_fallback += u64::from(state.holding && state.in_fallback);
        self.counts.whole_on_disk += u64::from(state.holding && whole.is_some());
        self.deaths.whole_on_disk = self.deaths.whole_on_disk.max(whole);
        if let Some(generation) = whole {
            self.workers.log.note(&format!(
                "generation {generation} is complete in a temporary file"
            ));
        }
        Ok(())
    }

    fn take_away(&mut self, outage: Outage) -> Result<()> {
        self.counts.outages += 1;
        self.workers
            .log
            .note(&format!("the store is made unavailable: {outage:?}"));
        self.away = Some(outage);
        self.limit_files(outage, Some(64))?;
        self.fixture.take_away(outage)
    }

    /// Limits the files of each process: this is a folder's full disk.
    fn limit_files(&mut self, outage: Outage, bytes: Option<u64>) -> Result<()> {
        match (&self.fixture, outage) {
            (StoreFixture::File(_), Outage::Full) => self.workers.limit_files(bytes),
            _ => Ok(()),
        }
    }

    /// Repairs what can be repaired.
    pub(super) async fn recover(&mut self) -> Result<()> {
        self.workers.resume_all()?;
        if let Some(outage) = self.away.take() {
            self.limit_files(outage, None)?;
            self.fixture.give_back(outage)?;
            self.workers.log.note("the store is available again");
        }
        self.workers.replace_dead().await
    }
}

fn delivered_in(all: &[Exchange]) -> usize {
    let delivered = all.iter().filter(|one| one.is_issued() && one.delivered);
    delivered.count()
}
