//! The trials: `crates/trials`, built when needed.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::cargo;
use crate::step::{Outcome, Step, run_all};
use crate::workspace::Workspace;

/// What is passed on to a trial.
#[derive(Debug, Args)]
pub(crate) struct Passed {
    /// Options of the trial; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The cases of `interop`.
#[derive(Debug, Args)]
pub(crate) struct InteropOptions {
    /// Every server with every way of treating refresh tokens; without it one case per server, as
    /// `cargo xtask test` runs them.
    #[arg(long)]
    all: bool,
}

/// One case per server.
pub(crate) const INTEROP: [Step; 2] = [
    Step {
        name: "interop oidc-provider",
        run: |workspace| step(workspace, &["interop", "oidc-provider"]),
    },
    Step {
        name: "interop django-oauth-toolkit",
        run: |workspace| step(workspace, &["interop", "django"]),
    },
];

const INTEROP_ALL: [Step; 5] = [
    Step {
        name: "oidc-provider, reuse ends the grant",
        run: |workspace| step(workspace, &["interop", "oidc-provider"]),
    },
    Step {
        name: "oidc-provider, refresh tokens kept",
        run: |workspace| step(workspace, &["interop", "oidc-provider-kept"]),
    },
    Step {
        name: "django-oauth-toolkit, reuse ends the grant",
        run: |workspace| step(workspace, &["interop", "django-in-full"]),
    },
    Step {
        name: "django-oauth-toolkit, reuse is refused",
        run: |workspace| step(workspace, &["interop", "django-unprotected"]),
    },
    Step {
        name: "django-oauth-toolkit, refresh tokens kept",
        run: |workspace| step(workspace, &["interop", "django-kept"]),
    },
];

/// The exit code of a trial that cannot run on this machine; its last line says why.
const SKIPPED: i32 = 77;

/// Becomes the trial, so that signals and its exit code need no forwarding.
///
/// # Errors
///
/// If cargo cannot be started or, where a process cannot be replaced, the trial fails.
pub(crate) fn become_trial(workspace: &Workspace, name: &str, passed: &Passed) -> Result<()> {
    let mut trial = trial(workspace);
    trial
        .arg(name)
        .args(&passed.arguments)
        .stdin(Stdio::inherit());
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut trial))
        .context("cargo could not be started");
    #[cfg(not(unix))]
    std::process::exit(
        trial
            .status()
            .context("cargo could not be started")?
            .code()
            .unwrap_or(1),
    );
}

/// Runs the interop cases and prints their table.
///
/// # Errors
///
/// If one fails.
pub(crate) fn interop(workspace: &Workspace, options: &InteropOptions) -> Result<()> {
    if options.all {
        run_all(workspace, &INTEROP_ALL)
    } else {
        run_all(workspace, &INTEROP)
    }
}

/// Runs a trial as a step of a longer command.
///
/// # Errors
///
/// If it fails.
pub(crate) fn step(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome> {
    let mut trial = trial(workspace);
    let mut child = trial.args(arguments).stdout(Stdio::piped()).spawn()?;
    let mut last = String::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        last = line?;
        println!("{last}");
    }
    match child.wait()?.code() {
        Some(0) => Ok(Outcome::Passed),
        Some(SKIPPED) => Outcome::skipped(last.trim_start_matches("skipped: ")),
        _ => bail!("`{}` failed", arguments.join(" ")),
    }
}

/// Not quiet: the first build takes minutes.
fn trial(workspace: &Workspace) -> Command {
    cargo(workspace, &["run", "--package", "trials", "--"])
}
