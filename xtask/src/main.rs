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

#![expect(clippy::print_stdout, reason = "commands talk to the person who runs them")]

mod bench;
mod chaos;
mod ci;
mod command;
mod demo;
mod fuzz;
mod house;
mod interop;
mod mounted_file;
mod new_vendor;
mod outage;
mod package;
mod progress;
mod servers;
mod step;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tidy::Repair;
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
    /// Every claim put to the test at every endpoint, against simulated vendors.
    Demo,
    /// Many processes share one grant and are killed, frozen and cut off; an oracle judges.
    Chaos(chaos::Options),
    /// Many processes start together on a token that is over: one exchange, and how soon all have it.
    Crowd(chaos::CrowdOptions),
    /// A store's server is stopped for a minute: nobody with a live token waits, and nothing is spent.
    Outage(outage::Options),
    /// What a token costs, as ratios to rivals in the same run.
    Bench,
    /// Answers, redirects, token files and sealed records, changed at random: the laws that hold for all of them.
    Fuzz(fuzz::Options),
    /// One of these processes.
    #[command(hide = true)]
    ChaosWorker {
        /// What it is to do.
        assignment: String,
    },
    /// The process that writes to a mounted file.
    #[command(hide = true)]
    MountedFile {
        /// Where the file is.
        folder: PathBuf,
    },
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
    Interop(interop::Options),
    /// One of the processes that share a grant.
    #[command(hide = true)]
    InteropWorker,
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
        Task::Demo => demo::run(&workspace),
        Task::Bench => bench::run(&workspace),
        Task::Fuzz(options) => fuzz::run(&workspace, options),
        Task::Ci { job } => ci::run(&workspace, *job),
        Task::Chaos(options) => chaos::run(&workspace, options),
        Task::Crowd(options) => chaos::crowd(&workspace, options),
        Task::Outage(options) => outage::run(&workspace, options),
        Task::ChaosWorker { assignment } => chaos::work(assignment),
        Task::MountedFile { folder } => mounted_file::work(folder),
        Task::Test => test::run(&workspace),
        Task::Package => package::run(&workspace),
        Task::NewVendor { name } => new_vendor::run(&workspace, name),
        Task::Interop(options) => interop::run(&workspace, options),
        Task::InteropWorker => interop::work(),
        Task::Tidy { fix: false } => tidy::run(&workspace, Repair::Nothing),
        Task::Tidy { fix: true } => tidy::run(&workspace, Repair::Licences),
    }
}
