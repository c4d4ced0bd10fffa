//! Builds every published crate from its package.
//!
//! `cargo package` can verify crates whose siblings are not published yet, but it caches them by name
//! and version, and so builds an old sibling after an edit. So it only makes the packages; they are
//! unpacked and built here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::command::{cargo, program, read, show};
use crate::step::Outcome;
use crate::workspace::{Package, Workspace};

const REQUIRED_FILES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn build(workspace: &Workspace) -> Result<Outcome> {
    let packages = workspace.published()?;
    make(workspace, &packages)?;
    let folder = unpack(workspace, &packages)?;
    // With the workspace's target folder and profile, so that no dependency is built again.
    let mut check = cargo(
        &Workspace::at(&folder),
        &["check", "--workspace", "--all-features"],
    );
    check
        .env("CARGO_TARGET_DIR", workspace.target("")?)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    show(&mut check)?;
    Ok(Outcome::Passed)
}

/// Packages uncommitted changes too: this is a check, not a release.
fn make(workspace: &Workspace, packages: &[Package]) -> Result<()> {
    let mut package = cargo(
        workspace,
        &["package", "--allow-dirty", "--no-verify", "--quiet"],
    );
    package.args(
        packages
            .iter()
            .flat_map(|published| ["--package", &published.name]),
    );
    read(&mut package)?;
    Ok(())
}

/// Returns the folder of a workspace of all packages.
fn unpack(workspace: &Workspace, packages: &[Package]) -> Result<PathBuf> {
    let folder = workspace.target("package-check")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for package in packages {
        unpack_one(workspace, &folder, package)
            .with_context(|| format!("the package of {}", package.name))?;
    }
    fs::write(folder.join("Cargo.toml"), manifest(packages))?;
    fs::copy(workspace.path("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

fn unpack_one(workspace: &Workspace, folder: &Path, package: &Package) -> Result<()> {
    let archive = workspace
        .target("package")?
        .join(format!("{}.crate", folder_of(package)));
    read(
        program(workspace, "tar", &["-xzf"])
            .arg(archive)
            .arg("-C")
            .arg(folder),
    )?;
    for file in REQUIRED_FILES {
        ensure!(
            folder.join(folder_of(package)).join(file).is_file(),
            "{file} is not in it"
        );
    }
    Ok(())
}

/// The patches make the packages depend on each other, as they will in the registry.
fn manifest(packages: &[Package]) -> String {
    let members: Vec<String> = packages.iter().map(folder_of).collect();
    let patch =
        |package: &Package| format!("{} = {{ path = {:?} }}\n", package.name, folder_of(package));
    let patches: String = packages.iter().map(patch).collect();
    format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[patch.crates-io]\n{patches}")
}

fn folder_of(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}
