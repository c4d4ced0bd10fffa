//! The jobs that are one command.

use anyhow::Result;

use crate::command::{cargo, is_there, show};
use crate::step::Outcome;
use crate::workspace::Workspace;

pub(super) fn fmt(workspace: &Workspace) -> Result<Outcome> {
    show(&mut cargo(workspace, &["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

pub(super) fn clippy(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    show(&mut cargo(workspace, &arguments))?;
    Ok(Outcome::Passed)
}

/// Doctests too: `cargo test` runs them after the others.
pub(crate) fn tests(workspace: &Workspace) -> Result<Outcome> {
    show(&mut cargo(
        workspace,
        &["test", "--workspace", "--all-features", "--no-fail-fast"],
    ))?;
    Ok(Outcome::Passed)
}

pub(super) fn docs(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "doc",
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "trials",
        "--all-features",
        "--no-deps",
    ];
    let mut doc = cargo(workspace, &arguments);
    show(doc.env("RUSTDOCFLAGS", "-D warnings -D missing_docs"))?;
    Ok(Outcome::Passed)
}

pub(super) fn deny(workspace: &Workspace) -> Result<Outcome> {
    if !is_there(workspace, "cargo", &["deny", "--version"]) {
        return Outcome::skipped("cargo-deny is not installed");
    }
    show(&mut cargo(workspace, &["deny", "--all-features", "check"]))?;
    Ok(Outcome::Passed)
}
