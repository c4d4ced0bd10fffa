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
mod case;
mod host;
mod judge;
mod offset_clock;
mod server;
mod table;
mod vendor;

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};
use vendor_auth::types::Rotation;

use self::callers::Totals;
use self::case::{Case, Figures};
use self::server::{Stop, Store};

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
    let cases = stores.into_iter().flat_map(|store| {
        Stop::ALL.map(|stop| Case {
            store,
            stop,
            lasts: Duration::from_secs(options.seconds),
            bystander: Rotation::SingleUse,
        })
    });
    in_runtime(run_all(cases.collect()))
}

// FAULTS.md rows 4, 5 and 9
/// A minute of both stores, after a moment with a bystander that spends without a store, which must
/// be found out.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    in_runtime(must_be_detected(Case {
        store: Store::Redis,
        stop: Stop::Killed,
        lasts: Duration::from_secs(2),
        bystander: Rotation::Idempotent,
    }))?;
    let options = Options {
        store: None,
        seconds: 60,
    };
    run(&options)
}

async fn must_be_detected(broken: Case) -> Result<()> {
    let Err(error) = broken.run(&Totals::default()).await else {
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

async fn run_all(cases: Vec<Case>) -> Result<()> {
    let totals = Totals::default();
    let mut running = JoinSet::new();
    for case in cases {
        let totals = totals.clone();
        running.spawn(async move { (case, case.run(&totals).await) });
    }
    let mut outcomes = all(&mut running, &totals).await?;
    outcomes.sort_by_key(|(case, _)| (case.store, case.stop));
    println!("\n{}\n", table::of(&outcomes));
    let failures = outcomes.iter().filter_map(|(case, outcome)| {
        let error = outcome.as_ref().err()?;
        Some(format!("{case}: {error:#}"))
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
    running: &mut JoinSet<(Case, Result<Figures>)>,
    totals: &Totals,
) -> Result<Vec<(Case, Result<Figures>)>> {
    let begun = Instant::now();
    let mut beats = interval_at(begun + BEAT, BEAT);
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            figures = running.join_next() => match figures {
                Some(figures) => outcomes.push(figures?),
                None => return Ok(outcomes),
            },
            beat = beats.tick() => println!("  {:>3} s  {totals}", (beat - begun).as_secs()),
        }
    }
}
