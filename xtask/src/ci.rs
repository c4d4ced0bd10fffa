//! The jobs of continuous integration. Hosted CI only calls them.

mod checks;
mod features;
mod msrv;
mod tree;

use anyhow::Result;
use clap::ValueEnum;

pub(crate) use self::checks::tests;
use crate::package;
use crate::step::{Step, run_all};
use crate::tidy;
use crate::workspace::Workspace;

/// A job of continuous integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// Formatting.
    Fmt,
    /// Lints of all targets with all features; a warning fails.
    Clippy,
    /// The tests of every crate.
    Test,
    /// Each crate with each of its features alone, with none, and with all.
    Features,
    /// Documentation without a warning and with no gap.
    Docs,
    /// The oldest Rust that is promised.
    Msrv,
    /// Who depends on what, and on how much.
    Tree,
    /// Every published crate packages, and builds from its package.
    Package,
    /// The invariants that can be checked by looking.
    Tidy,
    /// Licences, advisories and duplicates of what we depend on.
    Deny,
    /// All of them.
    All,
}

/// Runs a job and prints its table.
///
/// # Errors
///
/// Where a step of it failed.
pub(crate) fn run(workspace: &Workspace, job: Job) -> Result<()> {
    run_all(workspace, &steps(job))
}

fn steps(job: Job) -> Vec<Step> {
    match job {
        Job::Fmt => vec![Step {
            name: "fmt",
            run: checks::fmt,
        }],
        Job::Clippy => vec![Step {
            name: "clippy",
            run: checks::clippy,
        }],
        Job::Test => vec![Step {
            name: "tests",
            run: tests,
        }],
        Job::Features => vec![Step {
            name: "features",
            run: features::each_alone,
        }],
        Job::Docs => vec![Step {
            name: "docs",
            run: checks::docs,
        }],
        Job::Msrv => msrv::STEPS.into(),
        Job::Tree => tree::STEPS.into(),
        Job::Package => package::STEPS.into(),
        Job::Tidy => vec![Step {
            name: "tidy",
            run: tidy::step,
        }],
        Job::Deny => vec![Step {
            name: "deny",
            run: checks::deny,
        }],
        Job::All => every_job().flat_map(steps).collect(),
    }
}

fn every_job() -> impl Iterator<Item = Job> {
    Job::value_variants()
        .iter()
        .copied()
        .filter(|job| *job != Job::All)
}
