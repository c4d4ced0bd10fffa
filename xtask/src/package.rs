//! Every published crate packages, and builds from its package.
//!
//! `cargo package` can verify crates whose siblings are not published yet, but it keeps what it
//! unpacked by name and version, and so builds an old sibling after an edit. So packages are only
//! made by it, and unpacked and built here.

mod contents;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{self, cargo, program};
use crate::step::{Outcome, Step, run_all};
use crate::workspace::{Package, Workspace};

pub(crate) const STEPS: [Step; 2] = [
    Step {
        name: "package: contents",
        run: contents::are_whole,
    },
    Step {
        name: "package: build",
        run: build,
    },
];

/// Runs the steps and prints their table.
///
/// # Errors
///
/// Where one failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    run_all(workspace, &STEPS)
}

fn build(workspace: &Workspace) -> Result<Outcome> {
    let packages = workspace.published()?;
    make(workspace, &packages)?;
    let folder = unpack_all(workspace, &packages)?;
    for package in &packages {
        println!("  {}", package.name);
        build_one(workspace, &folder, package)?;
    }
    Ok(Outcome::Passed)
}

/// Packages what is published. What is not committed yet is packaged too: this is a check, not a
/// release.
fn make(workspace: &Workspace, packages: &[Package]) -> Result<()> {
    let mut package = cargo(
        workspace,
        &["package", "--allow-dirty", "--no-verify", "--quiet"],
    );
    for published in packages {
        package.args(["-p", &published.name]);
    }
    command::read(&mut package)?;
    Ok(())
}

fn unpack_all(workspace: &Workspace, packages: &[Package]) -> Result<PathBuf> {
    let folder = workspace.target("package-check")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for package in packages {
        unpack(workspace, &folder, package)
            .with_context(|| format!("{} does not unpack", package.name))?;
    }
    fs::write(folder.join("Cargo.toml"), manifest_of_unpacked(packages))?;
    fs::copy(workspace.path("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

fn unpack(workspace: &Workspace, folder: &Path, package: &Package) -> Result<()> {
    let archive = workspace
        .path("target/package")
        .join(format!("{}.crate", package.folder()));
    let mut tar = program(workspace, "tar", &["-xzf"]);
    command::read(tar.arg(archive).arg("-C").arg(folder))?;
    Ok(())
}

/// The unpacked crates find each other here, as they will find each other in the registry.
fn manifest_of_unpacked(packages: &[Package]) -> String {
    let members: Vec<String> = packages
        .iter()
        .map(|package| format!("{:?}", package.folder()))
        .collect();
    let patch = packages
        .iter()
        .map(|package| format!("{} = {{ path = {:?} }}\n", package.name, package.folder()));
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{}",
        members.join(", "),
        patch.collect::<String>()
    )
}

fn build_one(workspace: &Workspace, folder: &Path, package: &Package) -> Result<()> {
    for arguments in [&["build"] as &[&str], &["check", "--all-features"]] {
        let mut cargo = in_unpacked(workspace, folder, arguments)?;
        let built = command::read(cargo.args(["--quiet", "--package", &package.name]));
        if let Err(error) = built {
            bail!(
                "{} does not build from its package: {error:#}",
                package.name
            );
        }
    }
    Ok(())
}

/// With the workspace's target folder and profile, so that what others built is not built again.
fn in_unpacked(workspace: &Workspace, folder: &Path, arguments: &[&str]) -> Result<Command> {
    let mut cargo = cargo(workspace, arguments);
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", workspace.target("")?)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    Ok(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacked_crates_find_each_other() {
        let package = |name: &str| Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            features: Vec::new(),
        };
        let manifest: toml::Table = manifest_of_unpacked(&[package("a"), package("b")])
            .parse()
            .unwrap();
        assert_eq!(
            manifest["workspace"]["members"][1].as_str(),
            Some("b-0.1.0")
        );
        assert_eq!(
            manifest["patch"]["crates-io"]["a"]["path"].as_str(),
            Some("a-0.1.0")
        );
    }
}
