//! Real processes share one grant against a strict server, and are killed, frozen, disconnected and
//! given a wrong clock.
//!
//! Time is virtual: every round makes the token due or lets it expire. The seed determines what is
//! drawn; how it interleaves depends on the machine. The oracle (`oracle.rs`) says what must hold
//! in every case.

mod clock_jumps;
mod crowd;
mod disturb;
mod grants;
mod learned;
mod options;
mod oracle;
mod plan;
mod protocol;
mod random;
mod report;
mod reporting;
mod rotation;
mod round;
mod run;
mod shared_clock;
mod step_kill;
mod store_fixture;
mod worker;
mod worker_state;
mod workers;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;

pub(crate) use self::clock_jumps::machine_us;
pub(crate) use self::crowd::{CrowdOptions, run as crowd};
pub(crate) use self::options::{Options, StoreKind};
pub(crate) use self::random::Random;
pub(crate) use self::run::in_runtime;
pub(crate) use self::store_fixture::{StoreFixture, open_store};
pub(crate) use self::worker::run as work;

use self::options::{Mix, RuntimeMode};
use self::plan::Plan;
use self::plan::draw::Setting;
use self::rotation::RotationMode;
use self::run::Run;
use crate::progress;

/// Runs the rounds and prints the table.
///
/// # Errors
///
/// If an invariant of the oracle is violated; the error says in which round and what happened
/// there.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.processes > 0, "at least one process is needed");
    in_runtime(|folder| async move { run_in(&folder, options).await })
}

/// Runs every mode briefly, after a run on a store that breaks its contract, which the oracle must
/// detect.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    let plain = Options {
        store: StoreKind::File,
        rotation: RotationMode::SingleUse,
        runtime: RuntimeMode::One,
        processes: 4,
        rounds: 30,
        seed: None,
        tls: false,
        no_kills: false,
        mix: Mix::Even,
    };
    let (store, no_kills, tls) = (StoreKind::Broken, true, true);
    let broken = Options {
        store,
        no_kills,
        ..plain
    };
    ensure!(
        run(&broken).is_err(),
        "a store that gives the lease to everyone was not detected"
    );
    println!("detected, as it should be");
    run(&plain)?;
    run(&Options { no_kills, ..plain })?;
    for rotation in [RotationMode::Kept, RotationMode::Grace] {
        run(&Options { rotation, ..plain })?;
    }
    run(&Options { tls, ..plain })?;
    for runtime in [RuntimeMode::PerCall, RuntimeMode::Dropped] {
        run(&Options { runtime, ..plain })?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it took is for people to read"
)]
async fn run_in(folder: &Path, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
    println!("seed {seed}");
    let mut random = Random::from_seed(seed);
    let mut run = Run::prepare(folder, options, &mut random).await?;
    let setting = Setting {
        processes: options.processes,
        harm: run.harm,
        mix: options.mix,
        has_steps: options.store == StoreKind::File,
    };
    let bar = progress::bar(
        options.rounds,
        "{bar:30} {pos}/{len} {elapsed}/{duration} {msg}",
    );
    let begun = Instant::now();
    let mut outcome = Ok(());
    for round in 0..options.rounds {
        let plan = Plan::draw(&mut random, setting);
        outcome = run.round(&plan).await;
        if outcome.is_err() {
            break;
        }
        show(&bar, &run, round + 1, options.rounds);
    }
    bar.finish_and_clear();
    if outcome.is_ok() {
        let stored = run.stored().await?;
        run.oracle.end(stored);
    }
    println!(
        "\n{}\n",
        report::table(&run, options, seed, begun.elapsed())
    );
    outcome.with_context(|| format!("an invariant was violated; seed {seed}"))?;
    run.oracle.adds_up()?;
    let tally = &run.oracle.tally;
    println!(
        "all invariants hold: {} exchanges = {} generations + {} whose token was not made durable \
         + {} repeated by grace + {} of grants that were ended; {} grants lost",
        tally.exchanges,
        tally.generations,
        tally.lost + tally.unheard,
        tally.repeated,
        tally.overtaken,
        tally.lost
    );
    Ok(())
}

fn show(bar: &ProgressBar, run: &Run, round: usize, rounds: usize) {
    let tally = &run.oracle.tally;
    let text = format!(
        "{} exchanges, {} kills, {} grants lost",
        tally.exchanges, run.counts.kills, tally.lost
    );
    if bar.is_hidden() && (round.is_multiple_of(50) || round == rounds) {
        println!("  {round}/{rounds} {text}");
    }
    bar.inc(1);
    bar.set_message(text);
}
