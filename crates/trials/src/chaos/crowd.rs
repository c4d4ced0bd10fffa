//! A crowd: many processes that start together with an expired token.
//!
//! Exactly one of them may send a request to the vendor. How soon the others have the new token is
//! measured in round trips: the time from the instant at which the store acknowledged it to its
//! holder until the last of all processes has it, divided by the duration of the slowest process's
//! bare read if all processes read the store at one instant.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::clock_jumps::machine_us;
use super::options::{Mix, Options, RuntimeMode, StoreKind};
use super::protocol::ToWorker;
use super::random::Random;
use super::rotation::{LIFE_MS, RotationMode};
use super::run::{Run, in_runtime};
use super::worker_state::WorkerState;
use super::workers::Workers;

/// What to test.
#[derive(Clone, Debug, Args)]
pub(crate) struct CrowdOptions {
    /// The store that the processes share.
    #[arg(long, value_enum)]
    store: StoreKind,
    /// How many processes.
    #[arg(long, default_value_t = 64)]
    processes: usize,
    /// How many times; the processes have just started the first time, and have an older token
    /// after that.
    #[arg(long, default_value_t = 5)]
    times: usize,
}

/// All processes act this long after they were told.
const LEAD_US: i64 = 300_000;

/// One crowd, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Figures {
    exchanges: u64,
    /// From the instant at which all asked until the commit.
    committed_after: i64,
    /// From the commit until the last process had the token.
    spread: i64,
    /// The bare read of the median process, and of the slowest.
    median_read: i64,
    slowest_read: i64,
}

/// Runs the crowd and prints the figures.
///
/// # Errors
///
/// If there was not exactly one exchange for a token, a process got none, or the last got it too
/// late.
pub(crate) fn run(options: &CrowdOptions) -> Result<()> {
    in_runtime(|folder| async move { run_in(&folder, options).await })
}

async fn run_in(folder: &Path, options: &CrowdOptions) -> Result<()> {
    let mut random = Random::from_seed(0);
    let mut run = Run::prepare(folder, &options.as_chaos(), &mut random).await?;
    run.skews = vec![0; options.processes];
    println!(
        "  {} processes, store {}\n  time  exchanges  asked to commit  commit to last  bare read median / slowest  ratio",
        options.processes,
        options.store.name()
    );
    let mut all = Vec::new();
    for time in 1..=options.times {
        let figures = crowd(&mut run).await?;
        println!("  {time:>4}  {}", figures.line());
        ensure!(
            figures.exchanges == 1,
            "{} exchanges were made for one token",
            figures.exchanges
        );
        all.push(figures);
    }
    let ratio = median(all.iter().map(Figures::ratio));
    let poll = poll_of(options.store);
    let excess = median(all.iter().map(Figures::excess));
    ensure!(
        excess <= millis(poll),
        "all have the token after {ratio:.1} round trips (the median), NOT within two"
    );
    println!(
        "one exchange each time; all have the token after {ratio:.1} round trips (the median), within two"
    );
    Ok(())
}

/// Returns how often a waiting process polls the store, in microseconds: files do not notify.
fn poll_of(store: StoreKind) -> i64 {
    match store {
        StoreKind::File => 20_000,
        _ => 0,
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

async fn crowd(run: &mut Run) -> Result<Figures> {
    let before = run.stored().await?;
    let exchanges = run.oracle.tally.exchanges;
    run.clock_file.advance(LIFE_MS + 60_000)?;
    run.workers.committed.clear();
    let asked_at = machine_us() + LEAD_US;
    run.workers.ask_all_at(asked_at, None).await;
    let answered = |workers: &Workers| workers.all(WorkerState::has_answered);
    run.workers
        .receive_until(Duration::from_secs(40), answered)
        .await;
    // A process that makes one exchange too many does it now.
    run.workers.receive_for(Duration::from_secs(1)).await;
    run.read_journal()?;
    let next = before + 1;
    let committed = run
        .workers
        .committed
        .iter()
        .find(|(generation, _)| *generation == next);
    let (_, committed_at) = *committed.context("no process reported a commit")?;
    let mut last = committed_at;
    for (process, worker) in run.workers.processes.iter().enumerate() {
        let handed = worker
            .state
            .handed
            .filter(|handed| handed.generation == next);
        let handed = handed.with_context(|| {
            format!(
                "process {process} got no token:\n{}",
                run.workers.log.text()
            )
        })?;
        last = last.max(handed.at_us);
    }
    run.judge_handed()?;
    let mut reads = bare_reads(run).await?;
    reads.sort_unstable();
    Ok(Figures {
        exchanges: run.oracle.tally.exchanges - exchanges,
        committed_after: committed_at - asked_at,
        spread: last - committed_at,
        median_read: reads.get(reads.len() / 2).copied().unwrap_or_default(),
        slowest_read: reads.last().copied().unwrap_or_default(),
    })
}

/// Lets all processes read the store at one instant, and returns how long each took.
async fn bare_reads(run: &mut Run) -> Result<Vec<i64>> {
    let at_us = machine_us() + LEAD_US;
    for process in 0..run.workers.processes.len() {
        if let Some(worker) = run.workers.processes.get_mut(process) {
            worker.state.read_us = None;
        }
        run.workers.send(process, &ToWorker::Read { at_us }).await;
    }
    let limit = Duration::from_secs(40);
    let read = |workers: &Workers| workers.all(|state| state.read_us.is_some());
    ensure!(
        run.workers.receive_until(limit, read).await,
        "not every process could read the store"
    );
    Ok(run
        .workers
        .processes
        .iter()
        .filter_map(|worker| worker.state.read_us)
        .collect())
}

impl Figures {
    fn line(&self) -> String {
        format!(
            "{:>9}  {:>12.1} ms  {:>11.1} ms  {:>13.1} / {:.1} ms  {:>9.1}",
            self.exchanges,
            millis(self.committed_after),
            millis(self.spread),
            millis(self.median_read),
            millis(self.slowest_read),
            self.ratio()
        )
    }

    fn ratio(&self) -> f64 {
        millis(self.spread) / millis(self.slowest_read.max(1))
    }

    /// Returns how much later than two round trips the last process has the token, in milliseconds.
    fn excess(&self) -> f64 {
        millis(self.spread) - 2.0 * millis(self.slowest_read)
    }
}

fn millis(us: i64) -> f64 {
    f64::from(i32::try_from(us).unwrap_or(i32::MAX)) / 1000.0
}

impl CrowdOptions {
    fn as_chaos(&self) -> Options {
        Options {
            store: self.store,
            rotation: RotationMode::default(),
            runtime: RuntimeMode::default(),
            processes: self.processes,
            rounds: self.times,
            seed: None,
            tls: false,
            no_kills: true,
            mix: Mix::default(),
        }
    }
}
