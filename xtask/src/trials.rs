//! The trials in `crates/trials`, which is built when needed.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::cargo;
use crate::step::{Outcome, Step};
use crate::workspace::Workspace;

/// The arguments that are passed on to a trial.
#[derive(Debug, Args)]
pub(crate) struct TrialArguments {
    /// Options of the trial; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// One case per server.
pub(crate) const INTEROP: [Step; 2] = [
    Step::new("interop oidc-provider", |w| {
        step(w, &["interop", "oidc-provider"])
    }),
    Step::new("interop django-oauth-toolkit", |w| {
        step(w, &["interop", "django"])
    }),
];

/// Every server with every treatment of refresh tokens.
pub(crate) const INTEROP_ALL: [Step; 5] = [
    Step::new("oidc-provider, reuse ends the grant", |w| {
        step(w, &["interop", "oidc-provider"])
    }),
    Step::new("oidc-provider, refresh tokens kept", |w| {
        step(w, &["interop", "oidc-provider-kept"])
    }),
    Step::new("django-oauth-toolkit, reuse ends the grant", |w| {
        step(w, &["interop", "django-in-full"])
    }),
    Step::new("django-oauth-toolkit, reuse is refused", |w| {
        step(w, &["interop", "django-unprotected"])
    }),
    Step::new("django-oauth-toolkit, refresh tokens kept", |w| {
        step(w, &["interop", "django-kept"])
    }),
];

/// The exit code of a trial that cannot run on this machine; its last line says why.
const SKIPPED: i32 = 77;

/// Replaces this process by the trial, so that signals and exit code need no forwarding.
///
/// # Errors
///
/// If cargo cannot be started.
pub(crate) fn become_trial(
    workspace: &Workspace,
    name: &str,
    passed: &TrialArguments,
) -> Result<()> {
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

/// Runs a trial as a step of a longer command.
///
/// # Errors
///
/// If it fails.
pub(crate) fn step(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome> {
    let mut child = trial(workspace)
        .args(arguments)
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
        Some(SKIPPED) => Ok(Outcome::Skipped(
            last.trim_start_matches("skipped: ").to_owned(),
        )),
        _ => bail!("`{}` failed", arguments.join(" ")),
    }
}

/// Not quiet, because the first build takes minutes.
fn trial(workspace: &Workspace) -> Command {
    cargo(workspace, &["run", "--package", "trials", "--"])
}
