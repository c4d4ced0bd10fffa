//! The property runs of `crates/fuzzing`, for as many cases as there is time for.

use anyhow::Result;
use clap::Args;

use crate::command::{cargo, show};
use crate::workspace::Workspace;

/// How long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many cases each property is run on.
    #[arg(long, default_value_t = 100_000)]
    cases: u32,
}

/// Runs every property on that many cases, in release.
///
/// # Errors
///
/// Where one is broken; the smallest case is shown.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut command = cargo(workspace, &["test", "--release", "--package", "fuzzing"]);
    show(command.env("FUZZ_CASES", options.cases.to_string()))
}
