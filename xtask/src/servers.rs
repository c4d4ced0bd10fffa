//! The servers that tests start: installed where they are missing and it may, else the one command that installs them.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};
use local_servers::install;

use crate::command::{read, show};
use crate::step::Outcome;
use crate::workspace::Workspace;

/// Makes sure that Redis, PostgreSQL and PgBouncer are on this machine.
pub(crate) fn step(_workspace: &Workspace) -> Result<Outcome> {
    let missing = install::missing();
    if missing.is_empty() {
        return Ok(Outcome::Passed);
    }
    let packages: BTreeSet<&str> = missing.iter().map(|missing| missing.package).collect();
    let command = install::command(&packages.into_iter().collect::<Vec<_>>());
    if !may_install(&command) {
        bail!("some servers that the tests start are missing. Run as root: {command}");
    }
    println!("installing: {command}");
    show(
        Command::new("sh")
            .args(["-c", &command])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    match install::missing().as_slice() {
        [] => Ok(Outcome::Passed),
        still => bail!(
            "`{}` is still missing after: {command}",
            still
                .iter()
                .map(|one| one.program)
                .collect::<Vec<_>>()
                .join("`, `")
        ),
    }
}

/// Homebrew refuses root and needs none; apt needs it.
fn may_install(command: &str) -> bool {
    command.starts_with("brew") || read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
