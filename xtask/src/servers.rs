//! The servers that tests start.

use anyhow::Result;

use crate::command::{cargo, show};
use crate::step::Outcome;
use crate::workspace::Workspace;

/// Makes sure that Redis, PostgreSQL and PgBouncer are installed.
///
/// # Errors
///
/// If one is missing and cannot be installed; the output shows the command to run.
pub(crate) fn step(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "run",
        "--quiet",
        "--package",
        "local-servers",
        "--example",
        "install",
    ];
    show(&mut cargo(workspace, &arguments))?;
    Ok(Outcome::Passed)
}
