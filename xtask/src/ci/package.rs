//! Builds every published crate from its package.
//!
//! `cargo package` can verify crates whose siblings are not published yet, but it caches them by
//! name and version, and so builds an old sibling after an edit. So it only makes the packages;
//! they are unpacked and built here.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::step::{Outcome, passes};
use crate::workspace::{Package, Workspace, read};

pub(super) fn build(workspace: &Workspace) -> Result<Outcome> {
    let packages = workspace.published()?;
    make(workspace, &packages)?;
    let folder = workspace.target("package-check")?;
    unpack(workspace, &packages, &folder)?;
    // With the workspace's target folder and profile, so that no dependency is built again.
    let mut check = Workspace::at(&folder).cargo("check --workspace --all-features");
    check.env("CARGO_TARGET_DIR", workspace.target("")?);
    passes(check.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))
}

/// Packages uncommitted changes too: this is a check, not a release.
fn make(workspace: &Workspace, packages: &[Package]) -> Result<()> {
    let mut package = workspace.cargo("package --allow-dirty --no-verify --quiet");
    let names = packages.iter().map(|package| &package.name);
    read(package.args(names.flat_map(|name| ["--package", name])))?;
    Ok(())
}

/// Makes a workspace of all packages.
fn unpack(workspace: &Workspace, packages: &[Package], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let archives = workspace.target("package")?;
    for package in packages {
        let archive = archives.join(format!("{}.crate", package.folder()));
        let mut tar = workspace.program("tar", "-xzf");
        read(tar.arg(archive).arg("-C").arg(folder))?;
    }
    fs::write(folder.join("Cargo.toml"), manifest(packages))?;
    fs::copy(workspace.path("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// The patches make the packages depend on each other, as they will in the registry.
fn manifest(packages: &[Package]) -> String {
    let members: Vec<String> = packages.iter().map(Package::folder).collect();
    let patch = |it: &Package| format!("{} = {{ path = {:?} }}\n", it.name, it.folder());
    let patches: String = packages.iter().map(patch).collect();
    format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[patch.crates-io]\n{patches}")
}
