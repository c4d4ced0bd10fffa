//! A crowd: many processes that start together on a token that is over.
//!
//! Exactly one of them may ask the vendor. How soon the others have what it brought is told in
//! round trips: the time from the instant at which the store acknowledged the new token to its
//! holder until the last of all processes has it in hand, divided by how long the slowest process's
//! bare read takes when all processes read the store at one instant.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::crew::Crew;
use super::facts::Facts;
use super::options::{Options, RuntimeMode};
use super::rotation::RotationMode;
use super::round::{LIFE_MS, Play};
use super::stores::StoreKind;
use super::words::Told;
use super::{machine_us, prepare};

/// What to put to the test.
#[derive(Clone, Debug, Args)]
pub(crate) struct CrowdOptions {
    /// The store that the processes share.
    #[arg(long, value_enum)]
    store: StoreKind,
    /// How many processes.
    #[arg(long, default_value_t = 64)]
    processes: usize,
    /// How often; the processes have just started the first time, and have an older token from then
    /// on.
    #[arg(long, default_value_t = 5)]
    times: usize,
}

/// All processes act at this instant after they were told.
const LEAD_US: i64 = 300_000;

/// One crowd, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Figures {
    exchanges: u64,
    /// From the instant at which all asked to the commit.
    committed_after: i64,
    /// From the commit until the last process had the token.
    spread: i64,
    /// The bare read of the process in the middle, and of the slowest.
    median_read: i64,
    slowest_read: i64,
}

/// Lets the crowd in and prints the figures.
///
/// # Errors
///
/// If there was not exactly one exchange for a token, a process got none, or the last got it too late.
pub(crate) fn run(options: &CrowdOptions) -> Result<()> {
    super::in_runtime(|folder| async move { play(&folder, options).await })
}

async fn play(folder: &Path, options: &CrowdOptions) -> Result<()> {
    let mut random = super::Random::from_seed(0);
    let mut play = prepare(folder, &options.as_chaos(), &mut random).await?;
    play.skews = vec![0; options.processes];
    println!(
        "  {} processes, store {}\n  time  exchanges  asked to commit  commit to last  bare read median / slowest  ratio",
        options.processes,
        options.store.name()
    );
    let mut all = Vec::new();
    for time in 1..=options.times {
        let figures = crowd(&mut play).await?;
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

/// How often a waiting process looks at the store by itself, in microseconds: files wake nobody.
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

async fn crowd(play: &mut Play) -> Result<Figures> {
    let before = play.stored().await?;
    let exchanges = play.oracle.tally.exchanges;
    play.hands.move_on(LIFE_MS + 60_000)?;
    play.crew.committed.clear();
    let asked_at = machine_us() + LEAD_US;
    play.crew.ask_all_at(asked_at, None).await;
    let answered = |crew: &Crew| crew.all(Facts::has_answered);
    play.crew
        .hear_until(Duration::from_secs(40), answered)
        .await;
    // Whoever asks once too often does it now.
    play.crew.hear_for(Duration::from_secs(1)).await;
    play.read_journal()?;
    let next = before + 1;
    let committed = play
        .crew
        .committed
        .iter()
        .find(|(generation, _)| *generation == next);
    let (_, committed_at) = *committed.context("nobody says that it committed")?;
    let mut last = committed_at;
    for (process, member) in play.crew.members.iter().enumerate() {
        let handed = member
            .facts
            .handed
            .filter(|handed| handed.generation == next);
        let handed = handed.with_context(|| {
            format!("process {process} got no token:\n{}", play.crew.log.text())
        })?;
        last = last.max(handed.at_us);
    }
    play.judge_handed()?;
    let mut reads = bare_reads(play).await?;
    reads.sort_unstable();
    Ok(Figures {
        exchanges: play.oracle.tally.exchanges - exchanges,
        committed_after: committed_at - asked_at,
        spread: last - committed_at,
        median_read: reads.get(reads.len() / 2).copied().unwrap_or_default(),
        slowest_read: reads.last().copied().unwrap_or_default(),
    })
}

/// Everybody reads the store at one instant: how long each took.
async fn bare_reads(play: &mut Play) -> Result<Vec<i64>> {
    let at_us = machine_us() + LEAD_US;
    for process in 0..play.crew.members.len() {
        if let Some(member) = play.crew.members.get_mut(process) {
            member.facts.read_us = None;
        }
        play.crew.tell(process, &Told::Read { at_us }).await;
    }
    let patience = Duration::from_secs(40);
    let read = |crew: &Crew| crew.all(|facts| facts.read_us.is_some());
    ensure!(
        play.crew.hear_until(patience, read).await,
        "not everybody could read the store"
    );
    Ok(play
        .crew
        .members
        .iter()
        .filter_map(|member| member.facts.read_us)
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

    /// How much later than two round trips the last process has the token, in milliseconds.
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
        }
    }
}
