//! Real processes share one grant against a strict server, and are killed, frozen, cut off and lied to about the time.
//!
//! Time is virtual: every round makes the token due or lets it expire. What is drawn follows from the seed; how it interleaves is the
//! machine's. The oracle (`oracle.rs`) says what must hold whatever happens.

mod aged;
mod careless;
mod crew;
mod crowd;
mod disturb;
mod facts;
mod hands;
mod log;
mod moves;
mod oracle;
mod plan;
mod random;
mod report;
mod round;
mod stores;
mod wire;
mod words;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};
use token_sim::{OAuth2, Rotation, SimClock};
use vendor_auth::core::TokenEndpoint as _;

use self::crew::Crew;
use self::hands::{Hands, ProcessClock, SharedClock};
use self::oracle::Oracle;
use self::plan::{LEASE_MS, Plan, small_skew};
use self::random::Random;
use self::round::{Counts, LIFE_MS, Play};
use self::stores::{Ground, StoreKind, open_store};
use self::wire::Voice;
use self::words::Assignment;
use crate::step::Outcome;
use crate::workspace::Workspace;

pub(crate) use self::crowd::{CrowdOptions, run as crowd};
pub(crate) use self::worker::run as work;

/// What to put to the test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The store that the processes share.
    #[arg(long, value_enum)]
    pub(crate) store: StoreKind,
    /// How many processes.
    #[arg(long, default_value_t = 8)]
    pub(crate) processes: usize,
    /// How many rounds; each makes the token due or lets it expire.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) rounds: usize,
    /// What is drawn follows from it; the time of day where it is not given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Nobody is killed and no answer is cut off after the server acted: then no grant may be lost.
    #[arg(long)]
    pub(crate) no_kills: bool,
}

/// What may be done to processes and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    Kills,
    NoKills,
}

/// Plays the rounds and prints the table.
///
/// # Errors
///
/// Where the oracle does not hold; it says in which round and what happened there.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    ensure!(options.processes > 0, "at least one process is needed");
    in_runtime(workspace, |folder| async move { play(&folder, options).await })
}

fn in_runtime<F: Future<Output = Result<()>>>(
    workspace: &Workspace,
    work: impl FnOnce(PathBuf) -> F,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = Folder::make(&workspace.path("target"))?;
    runtime.block_on(work(folder.0.clone()))
}

/// A short run in both modes, after one on a store that breaks its contract, which must be found out.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn step(workspace: &Workspace) -> Result<Outcome> {
    let options = Options {
        store: StoreKind::Careless,
        processes: 4,
        rounds: 40,
        seed: None,
        no_kills: true,
    };
    ensure!(
        run(workspace, &options).is_err(),
        "a store that gives the lease to everybody is not found out"
    );
    println!("found out, as it should be");
    for no_kills in [false, true] {
        let store = StoreKind::File;
        run(
            workspace,
            &Options {
                store,
                no_kills,
                ..options.clone()
            },
        )?;
    }
    Ok(Outcome::Passed)
}

#[expect(clippy::disallowed_methods, reason = "how long it took is for people to read")]
async fn play(folder: &Path, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
    println!("seed {seed}");
    let mut random = Random::from_seed(seed);
    let mut play = prepare(folder, options, &mut random).await?;
    let bar = bar(options.rounds);
    let begun = Instant::now();
    let mut outcome = Ok(());
    for round in 0..options.rounds {
        let plan = Plan::draw(&mut random, options.processes, play.harm);
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
    println!("\n{}\n", report::table(&play, options, seed, begun.elapsed()));
    outcome.with_context(|| format!("the oracle does not hold; seed {seed}"))?;
    play.oracle.adds_up()?;
    let tally = &play.oracle.tally;
    println!(
        "the oracle holds: {} exchanges = {} generations + {} whose answer reached nobody durable; {} grants lost",
        tally.exchanges, tally.generations, tally.lost, tally.lost
    );
    Ok(())
}

async fn prepare(folder: &Path, options: &Options, random: &mut Random) -> Result<Play> {
    let hands = Hands::make(folder.join("hands"), options.processes)?;
    let driven = Hands::open(hands.path())?;
    let sim = OAuth2::builder()
        .rotation(Rotation::Strict)
        .access_token_life(Duration::from_millis(LIFE_MS.unsigned_abs()))
        .clock(SimClock::driven_by(move || driven.now_ms()))
        .start()
        .await?;
    let ground = Ground::prepare(options.store, folder).await?;
    let assignment = assignment(options, &sim, &ground, &hands);
    let ours = Assignment {
        process: options.processes,
        ..assignment.clone()
    };
    let store = open_store(options.store, &assignment.address).await?;
    let endpoint = worker::endpoint(&assignment)?;
    let key = endpoint.key();
    let clock = SharedClock(Arc::new(ProcessClock::of(Hands::open(hands.path())?, None)));
    let tokens = worker::cache(endpoint, &ours, store.clone(), &clock, Voice(|_| {}))?;
    let crew = Crew::muster(assignment, options.processes).await?;
    let mut play = Play {
        sim,
        hands,
        ground,
        crew,
        oracle: Oracle::default(),
        store,
        tokens,
        key,
        harm: if options.no_kills {
            Harm::NoKills
        } else {
            Harm::Kills
        },
        skews: (0..options.processes).map(|_| small_skew(random)).collect(),
        counts: Counts::default(),
        away: None,
        receiver_killed: false,
    };
    play.new_grant().await?;
    Ok(play)
}

fn assignment(options: &Options, sim: &OAuth2, ground: &Ground, hands: &Hands) -> Assignment {
    Assignment {
        process: 0,
        store: options.store,
        address: ground.address(),
        base_url: sim.base_url(),
        token_url: sim.token_url(),
        client_id: sim.client_id().to_owned(),
        client_secret: sim.client_secret().to_owned(),
        hands: hands.path().to_owned(),
        spills: hands.path().with_file_name("spills"),
        lease_ms: LEASE_MS,
    }
}

fn bar(rounds: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(rounds).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed}/{duration} {msg}") {
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

/// A folder of this run's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn make(parent: &Path) -> Result<Self> {
        let path = parent.join(format!("chaos-{}", std::process::id()));
        std::fs::create_dir_all(&path).context("the folder of this run cannot be made")?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it is in the target folder.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
