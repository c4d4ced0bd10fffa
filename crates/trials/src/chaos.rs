//! Real processes share one grant against a strict server, and are killed, frozen, cut off and lied
//! to about the time.
//!
//! Time is virtual: every round makes the token due or lets it expire. What is drawn follows from
//! the seed; how it interleaves is the machine's. The oracle (`oracle.rs`) says what must hold
//! whatever happens.

mod aged;
mod careless;
mod crew;
mod crowd;
mod disturb;
mod facts;
mod grants;
mod hands;
mod learned;
mod log;
mod moves;
mod options;
mod oracle;
mod plan;
mod random;
mod report;
mod rotation;
mod round;
mod step_kill;
mod stores;
mod wire;
mod words;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};
use token_sim::{OAuth2Server, SimClock, Tls};
use vendor_auth::types::TokenEndpoint as _;

use self::crew::Crew;
use self::hands::{Hands, ProcessClock, SharedClock};
use self::oracle::{Clocks, Deaths, Oracle};
use self::plan::{LEASE_MS, Plan, Setting, small_skew};
use self::random::Random;
use self::rotation::RotationMode;
use self::round::{Counts, LIFE_MS, Play};
use self::stores::{Ground, StoreKind};
use self::words::Assignment;
use self::worker::Parts;
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
    in_runtime(|folder| async move { play(&folder, options).await })
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
    let careless = short(
        StoreKind::Careless,
        RotationMode::SingleUse,
        RuntimeMode::One,
    );
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
async fn play(folder: &Path, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
    println!("seed {seed}");
    let mut random = Random::from_seed(seed);
    let mut play = prepare(folder, options, &mut random).await?;
    let setting = Setting {
        processes: options.processes,
        harm: play.harm,
        has_steps: options.store == StoreKind::File,
    };
    let bar = bar(options.rounds);
    let begun = Instant::now();
    let mut outcome = Ok(());
    for round in 0..options.rounds {
        let plan = Plan::draw(&mut random, setting);
        outcome = play.round(&plan).await;
        if outcome.is_err() {
            break;
        }
        tell(&bar, &play, round + 1, options.rounds);
    }
    bar.finish_and_clear();
    if outcome.is_ok() {
        let stored = play.stored().await?;
        play.oracle.end(stored);
    }
    println!(
        "\n{}\n",
        report::table(&play, options, seed, begun.elapsed())
    );
    outcome.with_context(|| format!("the oracle does not hold; seed {seed}"))?;
    play.oracle.adds_up()?;
    let tally = &play.oracle.tally;
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

async fn prepare(folder: &Path, options: &Options, random: &mut Random) -> Result<Play> {
    let hands = Hands::make(folder.join("hands"), options.processes)?;
    let tls = options.tls.then(Tls::new).transpose()?;
    let sim = vendor(options, &hands, tls.as_ref()).await?;
    let ground = Ground::prepare(options.store, folder).await?;
    let assignment = Assignment {
        authority: tls.map(|tls| tls.ca_pem().to_owned()),
        ..assignment(options, &sim, &ground, &hands)
    };
    let ours = Assignment {
        process: options.processes,
        ..assignment.clone()
    };
    let clock = SharedClock(Arc::new(ProcessClock::of(Hands::open(hands.path())?, None)));
    let parts = Parts::of_orchestrator(&ours, clock).await?;
    let (key, store) = (parts.endpoint.key(), parts.store.clone());
    let tokens = worker::cache(parts, &ours)?;
    let crew = Crew::muster(assignment, options.processes).await?;
    let mut play = Play {
        sim,
        hands,
        ground,
        crew,
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
        leaver: None,
        redeemer: None,
    };
    play.new_grant().await?;
    Ok(play)
}

async fn vendor(options: &Options, hands: &Hands, tls: Option<&Tls>) -> Result<OAuth2Server> {
    let driven = Hands::open(hands.path())?;
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

fn assignment(options: &Options, sim: &OAuth2Server, ground: &Ground, hands: &Hands) -> Assignment {
    Assignment {
        process: 0,
        store: options.store,
        rotation: options.rotation,
        runtime: options.runtime,
        address: ground.address(),
        base_url: sim.base_url(),
        token_url: sim.token_url(),
        revoke_url: sim.revoke_url(),
        client_id: sim.client_id().to_owned(),
        client_secret: sim.client_secret().to_owned(),
        hands: hands.path().to_owned(),
        spills: hands.path().with_file_name("spills"),
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

fn tell(bar: &ProgressBar, play: &Play, round: usize, rounds: usize) {
    let tally = &play.oracle.tally;
    let text = format!(
        "{} exchanges, {} kills, {} grants lost",
        tally.exchanges, play.counts.kills, tally.lost
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
