//! The workspace's own commands: hosted CI runs what you run.
//!
//! ```sh
//! cargo xtask demo            # shows every claim at every endpoint
//! cargo xtask test            # everything, in steps, with a table at the end
//! cargo xtask ci clippy       # one CI job
//! cargo xtask tidy            # the rules that can be checked by reading the files
//! ```

#![expect(clippy::print_stdout, reason = "commands print their results")]

mod ci;
mod new_vendor;
mod step;
mod test;
mod tidy;
mod trials;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::ci::Job;
use crate::step::run_all;
use crate::trials::TrialArguments;
use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Tests every claim at every endpoint, against simulated vendors.
    Demo(TrialArguments),
    /// Kills, freezes and cuts off processes that share one grant; an oracle judges.
    Chaos(TrialArguments),
    /// Starts many processes together with an expired token: one exchange, soon shared by all.
    Crowd(TrialArguments),
    /// Stops a store's server for a minute: no caller with a live token waits.
    Outage(TrialArguments),
    /// Kills processes that share a pool of 100,000 accounts: no stored grant is lost.
    Pool(TrialArguments),
    /// Tests the OAuth 2.0 client against servers that are not ours; needs Node and Python.
    Interop {
        /// Every treatment of refresh tokens. Default: one case per server, as in `test`.
        #[arg(long)]
        all: bool,
    },
    /// Measures this project beside published crates, in `xtask/bench`.
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        arguments: Vec<String>,
    },
    /// Measures stores, the start of the command and more, as ratios to rivals in the same run.
    BenchParts,
    /// Runs the property tests of `crates/fuzzing` in release mode.
    Fuzz {
        /// The number of cases for each property.
        #[arg(long, default_value_t = 100_000)]
        cases: u32,
    },
    /// Runs everything that must hold, in steps.
    Test {
        /// Also every server of `interop`, and storms of revocations: minutes more.
        #[arg(long)]
        all: bool,
    },
    /// Runs one job of continuous integration, or all of them.
    Ci {
        /// Which job.
        job: Job,
    },
    /// Packages every published crate and builds it from its package.
    Package,
    /// Writes the crate of a new vendor and prints the four shared lines that name it.
    NewVendor {
        /// The crate's name, such as `acme-auth`.
        name: String,
        /// A folder outside of this workspace for a crate that stands alone.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Checks the rules that can be checked by reading the files.
    Tidy,
}

fn main() -> ExitCode {
    match run(&Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Demo(arguments) => trials::become_trial(&workspace, "demo", arguments),
        Task::Chaos(arguments) => trials::become_trial(&workspace, "chaos", arguments),
        Task::Crowd(arguments) => trials::become_trial(&workspace, "crowd", arguments),
        Task::Outage(arguments) => trials::become_trial(&workspace, "outage", arguments),
        Task::Pool(arguments) => trials::become_trial(&workspace, "pool", arguments),
        Task::Interop { all } => run_all(&workspace, &test::interop(*all)),
        Task::Bench { arguments } => test::bench(&workspace, arguments),
        Task::BenchParts => test::bench_parts(&workspace),
        Task::Fuzz { cases } => test::fuzz(&workspace, *cases),
        Task::Test { all } => run_all(&workspace, &test::steps(*all)),
        Task::Ci { job } => run_all(&workspace, &job.steps()),
        Task::Package => run_all(&workspace, &Job::Package.steps()),
        Task::NewVendor { name, out } => new_vendor::run(&workspace, name, out.as_deref()),
        Task::Tidy => tidy::check(&workspace).map(drop),
    }
}
