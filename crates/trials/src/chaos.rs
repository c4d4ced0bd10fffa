//! Real processes share one grant against a strict server, and are killed, frozen, cut off and lied
//! to about the time.
//!
//! Time is virtual: every round makes the token due or lets it expire. What is drawn follows from
//! the seed; how it interleaves is the machine's. The oracle (`oracle.rs`) says what must hold
//! whatever happens.

mod aged_store;
mod broken_store;
mod clock_jumps;
mod crowd;
mod disturb;
mod grants;
mod learned;
mod log;
mod options;
mod oracle;
mod plan;
mod protocol;
mod random;
mod report;
mod reporting;
mod rotation;
mod round;
mod shared_clock;
mod step_kill;
mod store_fixture;
mod worker;
mod worker_state;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};
use token_sim::{OAuth2Server, SimClock, Tls};
use vendor_auth::types::TokenEndpoint as _;

use self::oracle::{Clocks, Deaths, Oracle};
use self::plan::{LEASE_MS, Plan, Setting, small_skew};
use self::protocol::Assignment;
use self::random::Random;
use self::rotation::RotationMode;
use self::round::{Counts, LIFE_MS, Run};
use self::shared_clock::{ClockFile, ProcessClock, SharedClock};
use self::store_fixture::{StoreFixture, StoreKind};
use self::worker::Parts;
use self::workers::Workers;
use crate::folders::RunFolder;

pub(crate) use self::crowd::{CrowdOptions, run as crowd};
pub(crate) use self::options::Options;
use self::options::RuntimeMode;
pub(crate) use self::worker::run as work;

/// Plays the rounds and prints the table.
///
/// # Errors
///
/// Where the oracle does not hold; it says in which round and what happened there.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.processes > 0, "at least one process is needed");
    in_runtime(|folder| async move { run_in(&folder, options).await })
}

fn in_runtime<F: Future<Output = Result<()>>>(work: impl FnOnce(PathBuf) -> F) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = RunFolder::create("chaos")?;
    runtime.block_on(work(folder.path().to_owned()))
}

/// Short runs of every mode, after one on a store that breaks its contract, which must be found
/// out.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    let careless = short(StoreKind::Broken, RotationMode::SingleUse, RuntimeMode::One);
    let careless = Options {
        no_kills: true,
        ..careless
    };
    ensure!(
        run(&careless).is_err(),
        "a store that gives the lease to everybody is not found out"
    );
    println!("found out, as it should be");
    let plain = short(StoreKind::File, RotationMode::SingleUse, RuntimeMode::One);
    run(&plain)?;
    let no_kills = true;
    run(&Options { no_kills, ..plain })?;
    for rotation in [RotationMode::Kept, RotationMode::Grace] {
        run(&short(StoreKind::File, rotation, RuntimeMode::One))?;
    }
    let signing = short(StoreKind::File, RotationMode::SingleUse, RuntimeMode::One);
    run(&Options {
        tls: true,
        ..signing
    })?;
    for runtime in [RuntimeMode::PerCall, RuntimeMode::Dropped] {
        run(&short(StoreKind::File, RotationMode::SingleUse, runtime))?;
    }
    Ok(())
}

fn short(store: StoreKind, rotation: RotationMode, runtime: RuntimeMode) -> Options {
    Options {
        store,
        rotation,
        runtime,
        processes: 4,
        rounds: 30,
        seed: None,
        tls: false,
        no_kills: false,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it took is for people to read"
)]
async fn run_in(folder: &Path, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
    println!("seed {seed}");
    let mut random = Random::from_seed(seed);
    let mut run = prepare(folder, options, &mut random).await?;
    let setting = Setting {
        processes: options.processes,
        harm: run.harm,
        has_steps: options.store == StoreKind::File,
    };
    let bar = bar(options.rounds);
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
    outcome.with_context(|| format!("the oracle does not hold; seed {seed}"))?;
    run.oracle.adds_up()?;
    let tally = &run.oracle.tally;
    println!(
        "the oracle holds: {} exchanges = {} generations + {} whose answer reached nobody durable + {} repeated by grace + {} of \
         grants that were ended; {} grants lost",
        tally.exchanges,
        tally.generations,
        tally.lost + tally.unheard,
        tally.repeated,
        tally.overtaken,
        tally.lost
    );
    Ok(())
}

async fn prepare(folder: &Path, options: &Options, random: &mut Random) -> Result<Run> {
    let clock_file = ClockFile::make(folder.join("hands"), options.processes)?;
    let tls = options.tls.then(Tls::new).transpose()?;
    let sim = vendor(options, &clock_file, tls.as_ref()).await?;
    let fixture = StoreFixture::prepare(options.store, folder).await?;
    let assignment = Assignment {
        authority: tls.map(|tls| tls.ca_pem().to_owned()),
        ..assignment(options, &sim, &fixture, &clock_file)
    };
    let ours = Assignment {
        process: options.processes,
        ..assignment.clone()
    };
    let clock = SharedClock(Arc::new(ProcessClock::of(
        ClockFile::open(clock_file.path())?,
        None,
    )));
    let parts = Parts::of_orchestrator(&ours, clock).await?;
    let (key, store) = (parts.endpoint.key(), parts.store.clone());
    let tokens = worker::cache(parts, &ours)?;
    let workers = Workers::spawn(assignment, options.processes).await?;
    let mut run = Run {
        sim,
        clock_file,
        fixture,
        workers,
        oracle: Oracle::new(options.rotation),
        store,
        tokens,
        key,
        harm: options.harm(),
        rotation: options.rotation,
        runtime: options.runtime,
        skews: (0..options.processes).map(|_| small_skew(random)).collect(),
        counts: Counts::default(),
        away: None,
        deaths: Deaths::default(),
        clocks: Clocks::default(),
        logout_by: None,
        redeem_by: None,
    };
    run.new_grant().await?;
    Ok(run)
}

async fn vendor(
    options: &Options,
    clock_file: &ClockFile,
    tls: Option<&Tls>,
) -> Result<OAuth2Server> {
    let driven = ClockFile::open(clock_file.path())?;
    let sim = OAuth2Server::builder()
        .rotation(options.rotation.of_server())
        .access_token_life(Duration::from_millis(LIFE_MS.unsigned_abs()))
        // Grants live through years of virtual time.
        .refresh_token_life(Duration::from_secs(100 * 365 * 86_400))
        .clock(SimClock::driven_by(move || driven.now_ms()));
    let sim = match tls {
        Some(tls) => sim.tls(tls.clone()),
        None => sim,
    };
    Ok(sim.start().await?)
}

fn assignment(
    options: &Options,
    sim: &OAuth2Server,
    fixture: &StoreFixture,
    clock_file: &ClockFile,
) -> Assignment {
    Assignment {
        process: 0,
        store: options.store,
        rotation: options.rotation,
        runtime: options.runtime,
        address: fixture.address(),
        base_url: sim.base_url(),
        token_url: sim.token_url(),
        revoke_url: sim.revoke_url(),
        client_id: sim.client_id().to_owned(),
        client_secret: sim.client_secret().to_owned(),
        clock_file: clock_file.path().to_owned(),
        spills: clock_file.path().with_file_name("spills"),
        lease_ms: LEASE_MS,
        authority: None,
    }
}

fn bar(rounds: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(rounds).unwrap_or(u64::MAX));
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}/{duration} {msg}")
    {
        bar.set_style(style);
    }
    bar
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

/// The machine's wall clock in microseconds: all processes see the same.
fn machine_us() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}
