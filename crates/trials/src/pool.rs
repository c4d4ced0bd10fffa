//! Processes that share a [pool](vendor_auth::TokenPool) of very many accounts are killed at
//! random.
//!
//! The vendor's refresh tokens work once and end after a time. Most grants are in the store only,
//! and nobody asks for every other one. Each process reports what it sends and what the store
//! acknowledges, before and after it does. At the end the judge (`judge.rs`) compares, for each
//! account, what the vendor has answered with these reports and with what the store has.

mod customer;
mod fault;
mod faults;
mod journal;
mod judge;
mod ledger;
mod options;
mod protocol;
mod run;
mod shared_store;
mod table;
mod vendor;
mod verdict;
mod worker;
mod workers;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

pub(crate) use self::options::Options;
pub(crate) use self::worker::run as work;

use self::run::{Progress, Run};
use crate::chaos::{StoreKind, in_runtime, machine_us};

/// Kills processes for the given time, and prints the table.
///
/// # Errors
///
/// If something does not hold; the error says of which accounts. With a fault on purpose: if the
/// judge does not find it.
pub(crate) fn run(options: &Options) -> Result<()> {
    in_runtime(|folder| async move { run_in(&folder, options).await })
}

/// Runs with few accounts, after runs with a fault each, which must be detected.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    let few = Options {
        store: StoreKind::Postgres,
        accounts: 1_000,
        seconds: 20,
        rate: 100,
        calls: 250,
        processes: 2,
        seed: None,
        shortest_life: 10,
        spare: 75,
        no_kills: false,
        fault: None,
    };
    in_runtime(|folder| async move {
        println!("faults on purpose, and what the judge says:");
        faults::detect_all(&folder).await?;
        run_in(&folder, &few).await
    })
}

async fn run_in(folder: &Path, options: &Options) -> Result<()> {
    ensure!(
        options.accounts > 0 && options.processes > 0,
        "at least one account and one process are needed"
    );
    let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
    println!("seed {seed}, fault: {}", options.fault_name());
    let mut run = Run::prepare(folder, options, seed).await?;
    let seeding = run.seed().await?;
    println!(
        "  {} accounts in the store after {:.1} s",
        options.accounts,
        seeding.as_secs_f64()
    );
    let outcome = run.kill_and_judge(Progress::Shown).await;
    if let Some(fault) = options.fault {
        println!("\ndetected: {}", faults::detected(fault, outcome)?);
        return Ok(());
    }
    let outcome = outcome.with_context(|| format!("seed {seed}"))?;
    println!("\n{}\n", table::of(options, &outcome));
    println!("all invariants hold");
    Ok(())
}
