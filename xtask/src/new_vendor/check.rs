//! Checks in a copy of the workspace that a new vendor compiles, passes its tests and keeps the rules.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{SharedLine, write};
use crate::command::{cargo, show};
use crate::step::Outcome;
use crate::tidy;
use crate::workspace::Workspace;

const NAME: &str = "acme-auth";

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let copy = copied(workspace)?;
    for line in write(&copy, NAME)? {
        insert(&copy, &line)?;
    }
    let broken = tidy::findings_in(&copy, &format!("crates/{NAME}"))?;
    ensure!(
        broken.is_empty(),
        "the new crate breaks rules:\n  {}",
        broken.join("\n  ")
    );
    let features = ["--no-default-features", "--features", "acme"];
    let facade = [
        &["check", "--quiet", "--package", "vendor-auth"],
        &features[..],
    ]
    .concat();
    for arguments in [&["test", "--package", NAME], &facade[..]] {
        // In the original's target folder, so that what is built there is not built again.
        show(cargo(&copy, arguments).env("CARGO_TARGET_DIR", workspace.target("")?))?;
    }
    Ok(Outcome::Passed)
}

fn copied(workspace: &Workspace) -> Result<Workspace> {
    let folder = workspace.target("new-vendor-check")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let copy = Workspace::at(&folder);
    for file in workspace.files()? {
        let target = copy.path(&file);
        fs::create_dir_all(target.parent().context("a file without a folder")?)?;
        fs::copy(workspace.path(&file), target)
            .with_context(|| format!("{file} cannot be copied"))?;
    }
    Ok(copy)
}

/// Does what the person is told to do.
fn insert(copy: &Workspace, SharedLine { file, after, text }: &SharedLine) -> Result<()> {
    let before = copy.read(file)?;
    ensure!(
        before.contains(after),
        "{file} has no `{after}`: say in new_vendor.rs where the line goes"
    );
    Ok(fs::write(
        copy.path(file),
        before.replacen(after, &format!("{after}{text}"), 1),
    )?)
}
