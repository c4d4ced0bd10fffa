//! Processes that share a [pool](vendor_auth::TokenPool) of very many accounts are killed at
//! random.
//!
//! The vendor's refresh tokens work once and end after a time. Most grants are in the store only.
//! At the end the judge (`judge.rs`) compares, for each account, what the vendor has issued with
//! what the store has.

mod customer;
mod judge;
mod ledger;
mod options;
mod protocol;
mod run;
mod shared_store;
mod table;
mod vendor;
mod worker;
mod workers;

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) use self::options::Options;
pub(crate) use self::worker::run as work;

use self::options::Broken;
use self::run::Run;
use crate::chaos::{StoreKind, in_runtime, machine_us};

/// Kills processes for the given time, and prints the table.
///
/// # Errors
///
/// If something does not hold; the error says of which accounts.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(
        options.accounts > 0 && options.processes > 0,
        "at least one account and one process are needed"
    );
    in_runtime(|folder| async move {
        let seed = options.seed.unwrap_or_else(|| machine_us().unsigned_abs());
        println!("seed {seed}");
        let mut run = Run::prepare(&folder, options, seed).await?;
        let seeding = run.seed().await?;
        println!(
            "  {} accounts in the store after {:.1} s",
            options.accounts,
            seeding.as_secs_f64()
        );
        let outcome = run
            .kill_and_judge()
            .await
            .with_context(|| format!("seed {seed}"))?;
        println!("\n{}\n", table::of(options, &outcome));
        println!("all invariants hold");
        Ok(())
    })
}

/// Runs with few accounts, after a run on a store that gives the lease to everyone, which must be
/// detected.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn gate() -> Result<()> {
    let few = Options {
        store: StoreKind::Postgres,
        accounts: 1_000,
        seconds: 30,
        rate: 100,
        processes: 2,
        seed: None,
        broken: None,
    };
    let broken = Options {
        accounts: 300,
        seconds: 12,
        processes: 4,
        broken: Some(Broken::NoLease),
        ..few
    };
    let Err(error) = run(&broken) else {
        bail!("a store that gives the lease to everyone was not detected");
    };
    let error = format!("{error:#}");
    ensure!(
        error.contains(judge::USED_AGAIN),
        "a store that gives the lease to everyone was not detected, but this was: {error}"
    );
    println!("detected, as it should be: {error}");
    run(&few)
}
