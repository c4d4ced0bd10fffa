//! The proof that a new vendor compiles, holds, and touches four shared lines: done in a copy of
//! the workspace.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Names, write};
use crate::command::{cargo, show};
use crate::step::Outcome;
use crate::tidy;
use crate::workspace::Workspace;

const NAME: &str = "acme-auth";

const MOST_SHARED_LINES: usize = 4;

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    if !workspace.has_crate("vendor-auth") {
        return Outcome::skipped("crates/vendor-auth is not there yet");
    }
    let copy = copied(workspace)?;
    let edits = write(&copy, NAME)?;
    for edit in &edits {
        println!("{}:{}  {}", edit.file, edit.line, edit.text);
    }
    if edits.len() > MOST_SHARED_LINES {
        bail!(
            "a new vendor touches {} shared lines, at most {MOST_SHARED_LINES} are allowed",
            edits.len()
        );
    }
    keeps_the_house_rules(&copy)?;
    let feature = Names::of(NAME)?.feature;
    let alone = [
        "check",
        "--quiet",
        "--package",
        "vendor-auth",
        "--no-default-features",
        "--features",
        &feature,
    ];
    show(&mut beside(workspace, &copy, &["test", "--package", NAME])?)?;
    show(&mut beside(workspace, &copy, &alone)?)?;
    Ok(Outcome::Passed)
}

fn copied(workspace: &Workspace) -> Result<Workspace> {
    let folder = workspace.target("new-vendor-check")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let copy = Workspace::at(&folder);
    for file in workspace
        .files()?
        .iter()
        .filter(|file| workspace.path(file).is_file())
    {
        let target = copy.path(file);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(workspace.path(file), target)
            .with_context(|| format!("{file} cannot be copied"))?;
    }
    Ok(copy)
}

fn keeps_the_house_rules(copy: &Workspace) -> Result<()> {
    let found = tidy::findings_in(copy, &format!("crates/{NAME}"))?;
    if !found.is_empty() {
        bail!(
            "what was written does not keep the house rules:\n  {}",
            found.join("\n  ")
        );
    }
    Ok(())
}

/// In the copy, with what was built for the original.
fn beside(workspace: &Workspace, copy: &Workspace, arguments: &[&str]) -> Result<Command> {
    let mut command = cargo(copy, arguments);
    command.env("CARGO_TARGET_DIR", workspace.target("")?);
    Ok(command)
}
