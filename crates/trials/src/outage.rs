//! A store's server is stopped for a minute: callers with a live token never wait, nothing is
//! spent, and the commit under way lands afterwards. On real servers, in real time, killed and
//! frozen, all at once.
//!
//! Two grants and three hosts, each with connections of its own:
//!
//! * The *holder* is between the vendor's answer and the commit when the store goes away. It serves
//!   what it got from memory, and writes it when the store is back.
//! * The *bystander* has the same grant, live and due all the time. It shares the holder's, because
//!   there the temptation is greatest: what it would spend is spent already, and the vendor kills
//!   the whole grant for that. Afterwards it takes over what the holder wrote.
//! * The *latecomer* has a token that is over. That must be a grant of its own: the other one lives
//!   all the time. Its callers are told to ask again, and get a token when the store is back.
//!
//! Each grant has a vendor of its own, so that a journal tells what was spent of that grant and of
//! no other.

mod callers;
mod host;
mod judge;
mod moved_clock;
mod scene;
mod server;
mod table;
mod vendor;

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};
use vendor_auth::types::Rotation;

use self::callers::Pulse;
use self::scene::{Played, Scene};
use self::server::{Store, Way};

/// What to put to the test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The store whose server is stopped; both where none is named.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// For how many seconds; at least 10, since a cache waits for a silent store for 5.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..))]
    seconds: u64,
}

/// A line is printed this often.
const BEAT: Duration = Duration::from_secs(10);

/// Plays every scene at once and prints the table.
///
/// # Errors
///
/// Where something did not hold; it says at which server and what was seen.
pub(crate) fn run(options: &Options) -> Result<()> {
    let stores = options
        .store
        .map_or_else(|| Store::ALL.to_vec(), |store| vec![store]);
    let scenes = stores.into_iter().flat_map(|store| {
        Way::ALL.map(|way| Scene {
            store,
            way,
            lasts: Duration::from_secs(options.seconds),
            bystander: Rotation::SingleUse,
        })
    });
    in_runtime(play(scenes.collect()))
}

// FAULTS.md rows 4, 5 and 9
/// A minute of both stores, after a moment with a bystander that spends without a store, which must
/// be found out.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    in_runtime(must_be_found_out(Scene {
        store: Store::Redis,
        way: Way::Killed,
        lasts: Duration::from_secs(2),
        bystander: Rotation::Idempotent,
    }))?;
    let options = Options {
        store: None,
        seconds: 60,
    };
    run(&options)
}

async fn must_be_found_out(careless: Scene) -> Result<()> {
    let Err(error) = careless.play(&Pulse::default()).await else {
        bail!("a bystander that spends without a store is not found out");
    };
    ensure!(
        format!("{error:#}").contains(judge::SPENT),
        "a bystander that spends without a store is not found out, but this is: {error:#}"
    );
    println!("  found out, as it should be: {error:#}");
    Ok(())
}

fn in_runtime(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

async fn play(scenes: Vec<Scene>) -> Result<()> {
    let pulse = Pulse::default();
    let mut playing = JoinSet::new();
    for scene in scenes {
        let pulse = pulse.clone();
        playing.spawn(async move { (scene, scene.play(&pulse).await) });
    }
    let mut outcomes = all(&mut playing, &pulse).await?;
    outcomes.sort_by_key(|(scene, _)| (scene.store, scene.way));
    println!("\n{}\n", table::of(&outcomes));
    let failures = outcomes.iter().filter_map(|(scene, outcome)| {
        let error = outcome.as_ref().err()?;
        Some(format!("{scene}: {error:#}"))
    });
    let failures: Vec<String> = failures.collect();
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    println!("nobody with a live token waited, nothing was spent, and every commit landed");
    Ok(())
}

/// Waits for every scene, with a word now and then.
async fn all(
    playing: &mut JoinSet<(Scene, Result<Played>)>,
    pulse: &Pulse,
) -> Result<Vec<(Scene, Result<Played>)>> {
    let begun = Instant::now();
    let mut beats = interval_at(begun + BEAT, BEAT);
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            played = playing.join_next() => match played {
                Some(played) => outcomes.push(played?),
                None => return Ok(outcomes),
            },
            beat = beats.tick() => println!("  {:>3} s  {pulse}", (beat - begun).as_secs()),
        }
    }
}
