//! What a package must have in it: the papers, and every file of its folder, test data too.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::command::{cargo, read};
use crate::step::Outcome;
use crate::tidy::Tree;
use crate::workspace::Workspace;

const PAPERS: [&str; 5] = [
    "Cargo.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

pub(super) fn are_whole(workspace: &Workspace) -> Result<Outcome> {
    let tree = Tree::read(workspace)?;
    let mut missing = Vec::new();
    for package in workspace.published()? {
        let packaged = listed(workspace, &package.name)?;
        let lost = missing_of(&packaged, &files_of(&tree, &package.name));
        missing.extend(
            lost.into_iter()
                .map(|file| format!("{}: {file}", package.name)),
        );
        println!("{}: {} files", package.name, packaged.len());
    }
    if !missing.is_empty() {
        bail!(
            "not in the package; look at `include` and `exclude` in its manifest:\n  {}",
            missing.join("\n  ")
        );
    }
    Ok(Outcome::Passed)
}

fn listed(workspace: &Workspace, package: &str) -> Result<BTreeSet<String>> {
    let text = read(&mut cargo(
        workspace,
        &["package", "--list", "--allow-dirty", "--package", package],
    ))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn files_of<'a>(tree: &'a Tree, package: &str) -> BTreeSet<&'a str> {
    let folder = format!("crates/{package}/");
    tree.paths()
        .filter_map(|path| path.strip_prefix(&folder))
        .collect()
}

fn missing_of(packaged: &BTreeSet<String>, files: &BTreeSet<&str>) -> Vec<String> {
    let wanted = files.iter().copied().chain(PAPERS);
    let missing: BTreeSet<&str> = wanted.filter(|file| !packaged.contains(*file)).collect();
    missing.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_paper_or_a_vector_is_found() {
        let packaged = [
            "Cargo.toml",
            "README.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "src/lib.rs",
        ];
        let packaged = packaged.map(str::to_owned).into();
        let files = BTreeSet::from(["Cargo.toml", "src/lib.rs", "tests/data/a/case.json"]);
        assert_eq!(
            missing_of(&packaged, &files),
            ["CHANGELOG.md", "tests/data/a/case.json"]
        );
    }
}
