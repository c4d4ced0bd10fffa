//! The workspace's own commands: what hosted CI runs is what you run.
//!
//! ```sh
//! cargo xtask demo            # every claim, shown
//! cargo xtask test            # everything, in steps, with a table at the end
//! cargo xtask chaos --store redis   # processes that share a grant, killed and frozen, and an oracle
//! cargo xtask crowd --store redis   # 64 that start together on a token that is over
//! cargo xtask outage          # a store's server is stopped for a minute
//! cargo xtask fuzz --cases 1000000  # answers, redirects and files, changed at random
//! cargo xtask ci clippy       # one CI job
//! cargo xtask tidy            # the invariants that can be checked by looking
//! ```

#![expect(
    clippy::print_stdout,
    reason = "commands talk to the person who runs them"
)]

mod bench;
mod ci;
mod command;
mod fuzz;
mod house;
mod new_vendor;
mod package;
mod servers;
mod step;
mod test;
mod tidy;
mod trials;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tidy::Repair;
use crate::trials::{InteropOptions, Passed, become_trial};
use crate::workspace::Workspace;

/// The workspace's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Tests every claim at every endpoint, against simulated vendors.
    #[command(disable_help_flag = true)]
    Demo(Passed),
    /// Kills, freezes and cuts off processes that share one grant; an oracle judges.
    #[command(disable_help_flag = true)]
    Chaos(Passed),
    /// Starts many processes together with an expired token: one exchange, and how soon all have
    /// its token.
    #[command(disable_help_flag = true)]
    Crowd(Passed),
    /// Stops a store's server for a minute: no caller with a live token waits, and nothing is
    /// spent.
    #[command(disable_help_flag = true)]
    Outage(Passed),
    /// What a token costs, as ratios to rivals in the same run.
    Bench,
    /// Answers, redirects, token files and sealed records, changed at random: the laws that hold
    /// for all of them.
    Fuzz(fuzz::Options),
    /// Everything that must hold, in steps.
    Test,
    /// One job of continuous integration, or all of them.
    Ci {
        /// Which job.
        job: ci::Job,
    },
    /// Packages every published crate and builds it from its package.
    Package,
    /// Writes the crate of a new vendor, and the four shared lines that name it.
    NewVendor {
        /// The crate's name, such as `acme-auth`.
        name: String,
    },
    /// The OAuth 2.0 client against servers that are not ours; needs Node and Python.
    Interop(InteropOptions),
    /// The invariants that can be checked by looking.
    Tidy {
        /// Copies the licences into every crate first.
        #[arg(long)]
        fix: bool,
    },
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let workspace = Workspace::find()?;
    match &cli.task {
        Task::Demo(passed) => become_trial(&workspace, "demo", passed),
        Task::Bench => bench::run(&workspace),
        Task::Fuzz(options) => fuzz::run(&workspace, options),
        Task::Ci { job } => ci::run(&workspace, *job),
        Task::Chaos(passed) => become_trial(&workspace, "chaos", passed),
        Task::Crowd(passed) => become_trial(&workspace, "crowd", passed),
        Task::Outage(passed) => become_trial(&workspace, "outage", passed),
        Task::Test => test::run(&workspace),
        Task::Package => package::run(&workspace),
        Task::NewVendor { name } => new_vendor::run(&workspace, name),
        Task::Interop(options) => trials::interop(&workspace, options),
        Task::Tidy { fix: false } => tidy::run(&workspace, Repair::Nothing),
        Task::Tidy { fix: true } => tidy::run(&workspace, Repair::Licences),
    }
}
