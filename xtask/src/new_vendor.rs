//! A new vendor: a crate of its own, and four shared lines.

mod check;
mod names;
mod places;
mod shared_lines;
mod skeleton;

use std::fs;

use anyhow::{Context as _, Result, bail};

pub(crate) use self::check::check;
use self::names::Names;
use self::shared_lines::Edit;
use crate::command::{cargo, read};
use crate::workspace::Workspace;

/// Writes the crate and the shared lines, and prints them.
///
/// # Errors
///
/// Where the name is no crate's name or is taken, or a shared file does not look as expected. Then
/// nothing is written.
pub(crate) fn run(workspace: &Workspace, name: &str) -> Result<()> {
    let edits = write(workspace, name)?;
    println!(
        "crates/{name} is written; shared lines that changed: {}",
        edits.len()
    );
    for edit in &edits {
        println!("  {}:{}  {}", edit.file, edit.line, edit.text);
    }
    println!("next: `cargo test -p {name}`, then CONTRIBUTING.md, \"Add a vendor\"");
    Ok(())
}

fn write(workspace: &Workspace, name: &str) -> Result<Vec<Edit>> {
    let names = Names::of(name)?;
    if workspace.path("crates").join(name).exists() {
        bail!("crates/{name} is there already");
    }
    let changed = shared_lines::changed(workspace, &names)?;
    skeleton::write(workspace, &names)?;
    for (file, text) in changed.files {
        fs::write(workspace.path(file), text)
            .with_context(|| format!("{file} cannot be written"))?;
    }
    read(&mut cargo(workspace, &["fmt", "--package", name]))?;
    Ok(changed.edits)
}
