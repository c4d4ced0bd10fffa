//! The papers that each published crate carries.

use anyhow::{Context as _, Result};

use super::Finding;
use super::tree::{Crate, Tree};
use crate::workspace::Workspace;

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn papers(tree: &Tree) -> Vec<Finding> {
    tree.crates()
        .filter(Crate::is_published)
        .flat_map(|ours| missing_papers(tree, &ours))
        .collect()
}

/// Copies the licences into every crate. Real copies: a package does not follow links out of its
/// folder.
pub(super) fn copy_licences(workspace: &Workspace) -> Result<()> {
    let crates = std::fs::read_dir(workspace.path("crates")).context("crates/ cannot be read")?;
    for entry in crates {
        let folder = entry?.path();
        for licence in LICENCES
            .iter()
            .filter(|_| folder.join("Cargo.toml").is_file())
        {
            std::fs::copy(workspace.path(licence), folder.join(licence))?;
        }
    }
    Ok(())
}

fn missing_papers(tree: &Tree, ours: &Crate<'_>) -> Vec<Finding> {
    let licences = LICENCES
        .iter()
        .filter(|licence| ours.text(licence).is_none() || ours.text(licence) != tree.text(licence));
    let licences = licences.map(|licence| {
        Finding::new(
            ours.path(licence),
            "copy it from the root: `cargo xtask tidy --fix`",
        )
    });
    let readme = ours.text("README.md").is_none_or(str::is_empty);
    let readme =
        readme.then(|| Finding::new(ours.path("README.md"), "write the crate's front page"));
    let is_front_page = |line: &str| {
        line.starts_with("#![") && line.contains("doc = include_str!(\"../README.md\")")
    };
    let compiled = ours
        .text("src/lib.rs")
        .is_some_and(|text| !text.lines().any(is_front_page));
    let advice =
        "begin with `#![doc = include_str!(\"../README.md\")]`, so that the front page cannot rot";
    let compiled = compiled.then(|| Finding::new(ours.path("src/lib.rs"), advice));
    let unreleased = |text: &str| {
        text.lines().any(|line| {
            line == "## Unreleased" || line.starts_with("## 0.") || line.starts_with("## 1.")
        })
    };
    let changelog = !ours.text("CHANGELOG.md").is_some_and(unreleased);
    let changelog = changelog.then(|| {
        Finding::new(
            ours.path("CHANGELOG.md"),
            "keep one, `## Unreleased` on top",
        )
    });
    licences
        .chain(readme)
        .chain(compiled)
        .chain(changelog)
        .collect()
}
