//! The trials in `crates/trials`, which is built when needed.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::step::{Outcome, Step, step};
use crate::workspace::Workspace;

/// The arguments that are passed on to a trial.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct TrialArguments {
    /// Options of the trial; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The exit code of a trial that cannot run on this machine; its last line says why.
const SKIPPED: i32 = 77;

/// Replaces this process by the trial, so that signals and exit code need no forwarding.
pub(crate) fn become_trial(on: &Workspace, name: &str, passed: &TrialArguments) -> Result<()> {
    let mut trial = trial(on);
    trial.arg(name).args(&passed.arguments);
    trial.stdin(Stdio::inherit());
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut trial);
    #[cfg(not(unix))]
    let error = match trial.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    };
    Err(error).context("cargo could not be started")
}

/// Returns a trial as a step of a longer command.
pub(crate) fn trial_step(name: &'static str, arguments: impl Into<String>) -> Step {
    let arguments = arguments.into();
    step(name, move |workspace: &Workspace| {
        run(workspace, &arguments)
    })
}

fn run(workspace: &Workspace, arguments: &str) -> Result<Outcome> {
    let mut child = trial(workspace)
        .args(arguments.split(' '))
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("a trial without output")?;
    let mut last = String::new();
    for line in BufReader::new(stdout).lines() {
        last = line?;
        println!("{last}");
    }
    match child.wait()?.code() {
        Some(0) => Ok(Outcome::Passed),
        Some(SKIPPED) => Ok(Outcome::Skipped(last.replace("skipped: ", ""))),
        _ => bail!("`{arguments}` failed"),
    }
}

/// Not quiet, because the first build takes minutes.
fn trial(workspace: &Workspace) -> Command {
    workspace.cargo("run --package trials --")
}
