//! One round: the token becomes due or expires, all processes ask, something goes wrong, and at the
//! end all have the next token, or the grant is lost and replaced.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use token_sim::{Exchange, Outcome};
use tokio::time::Instant;

use super::options::Harm;
use super::oracle::{Clocks, Deaths};
use super::plan::{Plan, Trouble};
use super::run::Run;
use super::worker_state::{Log, WorkerState};
use super::workers::Workers;

/// No round takes nearly as long.
const LONGEST_ROUND: Duration = Duration::from_secs(45);
/// Nor does a round in which no outcome is in doubt: the shortest rest is longer.
const LONGEST_WITHOUT_DOUBT: Duration = Duration::from_secs(13);

impl Run {
    /// Runs one round and judges it.
    ///
    /// # Errors
    ///
    /// If an invariant of the oracle is violated; the error lists everything that happened in the
    /// round and in the one before it.
    pub(super) async fn round(&mut self, plan: &Plan) -> Result<()> {
        let earlier = std::mem::replace(&mut self.workers.log, Log::begin());
        self.workers.log.note(&format!("{plan:?}"));
        self.deaths = Deaths::default();
        self.counts.rounds += 1;
        let played = self.run_round(plan).await;
        played.with_context(|| {
            format!(
                "round {}, after this one:\n{}\nand then:\n{}\n",
                self.counts.rounds,
                earlier.text(),
                self.workers.log.text()
            )
        })
    }

    async fn run_round(&mut self, plan: &Plan) -> Result<()> {
        let before = self.stored().await?;
        let (exchanges, overtaken) = (self.oracle.tally.exchanges, self.workers.overtaken);
        self.set_clocks(plan)?;
        self.disturb(plan).await?;
        self.recover().await?;
        let replaced = self.end_grant(plan).await?;
        self.converge(plan, before, replaced).await?;
        if matches!(plan.trouble, Trouble::Nothing) && plan.step.is_none() {
            // A process that takes a record for older than it is may have been about to refresh it
            // when this round advanced the time.
            let overtaken = self.workers.overtaken - overtaken;
            let spent = self.oracle.tally.exchanges - exchanges;
            ensure!(
                spent == 1 + overtaken,
                "nothing went wrong, and {spent} exchanges were made for one generation, {overtaken} of them overtaken by time"
            );
        }
        Ok(())
    }

    fn set_clocks(&mut self, plan: &Plan) -> Result<()> {
        for (process, skew) in self.skews.iter().enumerate() {
            self.clock_file.skew(process, *skew)?;
        }
        let clocks = match plan.step {
            Some(_) => Clocks::Stepped,
            None => Clocks::Right,
        };
        // Undoing an earlier clock step now is a step too.
        let last = std::mem::replace(&mut self.clocks, clocks);
        self.oracle.set_clocks(if last == Clocks::Stepped {
            last
        } else {
            clocks
        });
        let expires = self.oracle.newest_expiry_ms().context("no grant")?;
        let wanted = expires + plan.age.past_its_end_ms();
        self.clock_file
            .advance((wanted - self.clock_file.now_ms()).max(0))
    }

    /// Asks until every process has a newer token and the store agrees with the vendor. `replaced`
    /// is the first generation of a grant that replaced the previous one in this round.
    async fn converge(
        &mut self,
        plan: &Plan,
        before: u64,
        mut replaced: Option<u64>,
    ) -> Result<()> {
        let begun = Instant::now();
        let mut moved = 0;
        loop {
            self.workers.ask_all().await;
            let answered = |workers: &Workers| workers.all(WorkerState::has_answered);
            self.workers
                .receive_until(Duration::from_millis(300), answered)
                .await;
            self.workers.all_run()?;
            self.read_journal()?;
            if replaced.is_none() && self.is_lost() {
                self.record_loss().await?;
                replaced = Some(self.new_grant().await?);
            }
            if self.all_have(before + 1, replaced) && self.store_agrees().await? {
                break;
            }
            let limit = self.limit(plan);
            let longest = match limit {
                None if plan.trouble.doubt_after_ms().is_none() => LONGEST_WITHOUT_DOUBT,
                _ => LONGEST_ROUND,
            };
            if begun.elapsed() >= longest {
                self.workers.describe().await;
                bail!(
                    "not every process has a newer token after {} s",
                    longest.as_secs()
                );
            }
            let is_over = limit.is_some_and(|limit| begun.elapsed() > limit * (moved + 1));
            if is_over && !self.workers.has_unsaved_token() {
                self.workers.log.note("time is advanced past a doubt");
                self.clock_file.advance(plan.doubt.advance_ms(moved))?;
                moved += 1;
            }
            self.workers.receive_for(Duration::from_millis(10)).await;
        }
        self.sim.clear_faults();
        self.settle_accounts().await
    }

    /// Whether a process considers the grant dead, or went on with an earlier one.
    fn is_lost(&self) -> bool {
        let mut processes = self.workers.processes.iter();
        processes.any(|worker| worker.state.rejected) || self.oracle.is_revived()
    }

    /// Returns how long to wait in doubt before time is advanced for it. A vendor's grace must not
    /// be used up.
    fn limit(&self, plan: &Plan) -> Option<Duration> {
        let after = plan.trouble.doubt_after_ms().map(Duration::from_millis);
        after.filter(|_| self.rotation.rests())
    }

    async fn settle_accounts(&mut self) -> Result<()> {
        let entry = self.entry().await?;
        let record = entry.record.context("the store lost the record")?;
        let stored = record.generation.number();
        let journal = self.journal();
        self.oracle
            .explain_unheard(&journal, stored, &self.deaths)?;
        self.judge_handed()?;
        let processes = u64::try_from(self.workers.processes.len()).unwrap_or(u64::MAX);
        self.oracle.forgive_stragglers(processes)?;
        self.workers
            .processes
            .iter_mut()
            .for_each(|worker| worker.state.begin_grant());
        self.oracle.survived(stored, self.clock_file.now_ms())?;
        let intended = entry.intent.map(|intent| intent.generation.number());
        intended.map_or(Ok(()), |intended| {
            self.oracle.intent_stands(stored, intended)
        })
    }

    /// A process that does not know of a logout may go on using what it has.
    fn all_have(&self, at_least: u64, replaced: Option<u64>) -> bool {
        let has = |state: &WorkerState| {
            let wanted = replaced.filter(|_| state.rejected || state.knows_of_logout());
            let wanted = wanted.unwrap_or(at_least);
            state.has_answered()
                && !state.has_unsaved_token()
                && state
                    .handed
                    .is_some_and(|handed| handed.generation >= wanted)
        };
        self.workers.all(has)
    }

    /// The vendor may still act on the request of a process that is dead by now. What comes of that
    /// belongs to the round in which it died.
    async fn store_agrees(&mut self) -> Result<bool> {
        let stored = self.stored().await?;
        let is_settled = has_acted_on_all(&self.sim.exchanges());
        self.read_journal()?;
        Ok(is_settled && self.oracle.agrees(stored) && !self.workers.has_unsaved_token())
    }

    async fn record_loss(&mut self) -> Result<()> {
        self.judge_handed()?;
        let stored = self.stored().await?;
        let journal = self.journal();
        self.oracle.read(&journal)?;
        self.oracle.lost(&journal, stored, &self.deaths)?;
        self.workers.log.note("the grant is lost");
        if self.harm == Harm::NoKills {
            bail!("a grant was lost although no process died");
        }
        Ok(())
    }
}

/// Whether the vendor has acted on every request that it has.
pub(super) fn has_acted_on_all(all: &[Exchange]) -> bool {
    all.iter().all(|one| one.outcome != Outcome::Pending)
}
