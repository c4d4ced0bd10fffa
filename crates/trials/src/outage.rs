//! A store's server is stopped for a minute: callers with a live token never wait, no refresh token
//! is spent, and the pending commit is written afterwards. On real servers, in real time, killed
//! and frozen, all at once.
//!
//! Two grants and three hosts, each with its own connections:
//!
//! * The *holder* is between the vendor's answer and the commit when the store becomes unavailable.
//!   It serves the new token from memory, and writes it when the store is back.
//! * The *bystander* has the same grant, with a token that is valid and due throughout. It shares
//!   the holder's grant because an exchange would do most harm there: the refresh token is already
//!   spent, and the vendor revokes the whole grant for its reuse. Afterwards it adopts what the
//!   holder wrote.
//! * The *latecomer* has an expired token. That needs its own grant, since the token of the other
//!   one stays valid. Its callers are told to retry, and get a token when the store is back.
//!
//! Each grant has its own vendor, so that a journal shows what was spent of that grant only.

mod callers;
mod case;
mod host;
mod judge;
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

/// What to test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The store whose server is stopped; default: both.
    #[arg(long, value_enum)]
    store: Option<Store>,
    /// For how many seconds; at least 40, since a caller waits up to 30 for a silent store.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(40..))]
    seconds: u64,
}

/// The interval between two progress lines.
const BEAT: Duration = Duration::from_secs(10);

/// Runs all cases at once and prints the table.
///
/// # Errors
///
/// If something did not hold; the error says at which server and what was seen.
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
/// Tests both stores for a minute, after a short case with a bystander that spends without a store,
/// which must be detected.
///
/// # Errors
///
/// Same as [`run`].
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
        bail!("a bystander that spends without a store was not detected");
    };
    ensure!(
        format!("{error:#}").contains(judge::SPENT),
        "a bystander that spends without a store was not detected, but this was: {error:#}"
    );
    println!("  detected, as it should be: {error:#}");
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
    println!("no caller with a live token waited, nothing was spent, and every commit was written");
    Ok(())
}

/// Waits for all cases, and prints progress.
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
