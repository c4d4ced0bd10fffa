//! Compares the public API of each published crate with its snapshot in `api/`, and the READMEs
//! with the snapshots.
//!
//! `cargo xtask ci api` runs it with the pinned nightly; `BLESS=1 cargo xtask ci api` writes the
//! snapshots. A snapshot begins with the crates whose types, traits or modules are in the API.

#![expect(clippy::print_stdout, reason = "a command")]
#![expect(
    clippy::indexing_slicing,
    reason = "only JSON is indexed: what is missing is null"
)]

mod dependencies;
mod readmes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

fn main() -> Result<()> {
    let toolchain = std::env::args()
        .nth(1)
        .context("name the nightly toolchain")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let metadata = metadata(&root)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("no target folder")?;
    let target = Path::new(target).join("api");
    let mut apis = BTreeMap::new();
    for package in published(&metadata) {
        let json = rustdoc_json(&root, &target, &toolchain, &package)?;
        apis.insert(package, snapshot(&json)?);
    }
    let mut findings = compare(&root, &apis)?;
    findings.extend(wrong_readmes(&root, &apis)?);
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(findings.is_empty(), "{} findings", findings.len());
    Ok(())
}

/// Writes the snapshots instead if `BLESS` is set.
fn compare(root: &Path, apis: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let folder = root.join("api");
    if std::env::var_os("BLESS").is_some() {
        fs::remove_dir_all(&folder)?;
        fs::create_dir(&folder)?;
        for (package, api) in apis {
            fs::write(folder.join(format!("{package}.txt")), api)?;
        }
    }
    let mut before = BTreeMap::new();
    for file in fs::read_dir(&folder)? {
        let file = file?.path();
        let package = file.file_stem().unwrap_or_default().to_string_lossy();
        before.insert(package.into_owned(), fs::read_to_string(&file)?);
    }
    let packages: BTreeSet<_> = before.keys().chain(apis.keys()).collect();
    let differences = packages.into_iter().filter_map(|package| {
        let text = |apis: &BTreeMap<String, String>| apis.get(package).cloned().unwrap_or_default();
        let (before, now) = (text(&before), text(apis));
        (before != now).then(|| {
            format!(
                "the public API of {package} changed. If it should: `BLESS=1 cargo xtask ci api`, \
                 and a line in its changelog\n{}",
                difference(&before, &now)
            )
        })
    });
    Ok(differences.collect())
}

fn wrong_readmes(root: &Path, apis: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (package, api) in apis {
        let file = format!("crates/{package}/README.md");
        let readme = fs::read_to_string(root.join(&file)).with_context(|| file.clone())?;
        let unlisted = readmes::unlisted(&readme, api).into_iter();
        wrong.extend(unlisted.map(|name| {
            format!("{file}: `{name}` is in the API: list it under \"Public dependencies\"")
        }));
        let dead = readmes::dead_links(&readme, apis).into_iter();
        wrong.extend(dead.map(|link| format!("{file}: {link} is not there")));
    }
    Ok(wrong)
}

fn metadata(root: &Path) -> Result<Value> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
    let output = cargo.current_dir(root).output()?;
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

/// Returns the names of the published packages that are libraries.
fn published(metadata: &Value) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let published = packages.filter(|package| package["publish"].is_null());
    let libraries = published.filter(|package| {
        let mut targets = package["targets"].as_array().into_iter().flatten();
        targets.any(|target| target["kind"][0] == "lib")
    });
    libraries
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect()
}

fn rustdoc_json(root: &Path, target: &Path, toolchain: &str, package: &str) -> Result<PathBuf> {
    let mut rustdoc = Command::new("rustup");
    rustdoc.args([
        "run",
        toolchain,
        "cargo",
        "rustdoc",
        "--quiet",
        "--lib",
        "--all-features",
    ]);
    rustdoc
        .args(["--package", package, "--target-dir"])
        .arg(target);
    rustdoc.args(["--", "-Z", "unstable-options", "--output-format", "json"]);
    rustdoc.args(["--cap-lints", "allow"]);
    if !rustdoc.current_dir(root).status()?.success() {
        bail!("{toolchain} does not document {package}");
    }
    Ok(target.join(format!("doc/{}.json", package.replace('-', "_"))))
}

fn snapshot(json: &Path) -> Result<String> {
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()?;
    let rustdoc: Value = serde_json::from_str(&fs::read_to_string(json)?)?;
    let foreign = dependencies::public(&rustdoc);
    let names = foreign
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let api = dependencies::without_modules(&api.to_string(), &foreign);
    Ok(format!("# Public dependencies: {names}\n{api}"))
}

/// Returns the lines that only one of the two has.
fn difference(before: &str, now: &str) -> String {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (before.lines().collect(), now.lines().collect());
    let removed = old.difference(&new).map(|line| format!("- {line}\n"));
    let added = new.difference(&old).map(|line| format!("+ {line}\n"));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c\n");
    }
}
