//! Trials of the workspace that need processes, servers or minutes, started by `cargo xtask`:
//!
//! ```sh
//! cargo xtask demo                    # shows every claim at every endpoint
//! cargo xtask chaos --store redis     # processes that share a grant are killed, frozen and cut off
//! cargo xtask crowd --store redis     # 64 processes start together with an expired token
//! cargo xtask outage                  # a store's server is stopped for a minute
//! cargo xtask pool                    # processes that share 100,000 grants are killed
//! cargo xtask interop --all           # the OAuth 2.0 client against servers from npm and PyPI
//! ```

#![expect(clippy::print_stdout, reason = "commands print their results")]

mod chaos;
mod dashboard;
mod demo;
mod interop;
mod machine;
mod mounted_file;
mod outage;
mod pool;
mod progress;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Debug, Subcommand)]
enum Trial {
    /// Tests every claim at every endpoint, against simulated vendors.
    Demo,
    /// Kills, freezes and disconnects processes that share one grant; an oracle judges.
    Chaos(chaos::Options),
    /// Starts many processes together with an expired token: one exchange, and how soon all have
    /// its token.
    Crowd(chaos::CrowdOptions),
    /// Stops a store's server for a minute: no caller with a live token waits, and nothing is
    /// spent.
    Outage(outage::Options),
    /// Kills processes that share a pool of very many accounts: no grant is lost that was stored,
    /// and none ends because nobody refreshed it.
    ///
    /// The processes report what they send and what the store acknowledges. A token that the vendor
    /// issued and the store does not have is excused only if the process that had asked for it was
    /// killed before it could report that the store has it.
    Pool(pool::Options),
    /// Tests the OAuth 2.0 client against a server that is not ours; needs Node or Python.
    #[command(hide = true)]
    Interop {
        /// The server and its settings.
        case: interop::Case,
    },
    /// Runs a trial as `cargo xtask test` does.
    #[command(hide = true)]
    Gate {
        /// Which trial.
        trial: Gate,
    },
    /// One of the processes of `chaos` and `crowd`.
    #[command(hide = true)]
    ChaosWorker {
        /// Its assignment.
        assignment: String,
    },
    /// One of the processes of `pool`.
    #[command(hide = true)]
    PoolWorker {
        /// Its assignment.
        assignment: String,
    },
    /// One of the processes of `interop` that share a grant.
    #[command(hide = true)]
    InteropWorker,
    /// The process that writes to a mounted file.
    #[command(hide = true)]
    MountedFileWorker {
        /// The path of the file.
        folder: PathBuf,
    },
}

/// The exit code that `xtask` takes for a skipped step; the last line then gives the reason.
const SKIPPED: u8 = 77;

/// The end of a trial that did not fail.
enum Outcome {
    Passed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

/// The trials of `cargo xtask test` that differ from the commands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Gate {
    MountedFile,
    Chaos,
    Dashboard,
    Outage,
    Pool,
}

fn main() -> ExitCode {
    match run(&Cli::parse().trial) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped(reason)) => {
            println!("skipped: {reason}");
            ExitCode::from(SKIPPED)
        }
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(trial: &Trial) -> Result<Outcome> {
    match trial {
        Trial::Interop { case } => return interop::run(*case),
        Trial::Gate {
            trial: Gate::MountedFile,
        } => return mounted_file::run(),
        Trial::Gate {
            trial: Gate::Dashboard,
        } => return dashboard::run(),
        Trial::Gate { trial: Gate::Chaos } => chaos::gate(),
        Trial::Gate {
            trial: Gate::Outage,
        } => outage::gate(),
        Trial::Gate { trial: Gate::Pool } => pool::gate(),
        Trial::Demo => demo::run(),
        Trial::Chaos(options) => chaos::run(options),
        Trial::Crowd(options) => chaos::crowd(options),
        Trial::Outage(options) => outage::run(options),
        Trial::Pool(options) => pool::run(options),
        Trial::PoolWorker { assignment } => pool::work(assignment),
        Trial::ChaosWorker { assignment } => chaos::work(assignment),
        Trial::InteropWorker => interop::work(),
        Trial::MountedFileWorker { folder } => mounted_file::work(folder),
    }?;
    Ok(Outcome::Passed)
}
