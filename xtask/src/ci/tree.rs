//! Who depends on what, and on how much.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::command::{cargo, read};
use crate::house::is_vendor;
use crate::step::{Outcome, Step};
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 2] = [
    Step {
        name: "tree: token-core is small",
        run: core_is_small,
    },
    Step {
        name: "tree: one vendor alone",
        run: one_vendor_alone,
    },
];

/// The traits crate can be read in an hour, and so can what it stands on.
const MOST_PACKAGES_OF_CORE: usize = 16;

const HTTP_CLIENTS: [&str; 6] = ["reqwest", "hyper", "hyper-util", "ureq", "isahc", "curl"];

fn core_is_small(workspace: &Workspace) -> Result<Outcome> {
    let packages = packages(workspace, &["-p", "token-core", "--no-default-features"])?;
    if packages.len() > MOST_PACKAGES_OF_CORE {
        let list = packages.into_iter().collect::<Vec<_>>().join(" ");
        bail!(
            "token-core may stand on {MOST_PACKAGES_OF_CORE} packages, itself included; take some out of: {list}"
        );
    }
    println!(
        "token-core: {} packages of at most {MOST_PACKAGES_OF_CORE}",
        packages.len()
    );
    Ok(Outcome::Passed)
}

fn one_vendor_alone(workspace: &Workspace) -> Result<Outcome> {
    if !workspace.has_crate("vendor-auth") {
        return Outcome::skipped("crates/vendor-auth is not there yet");
    }
    let packages = packages(
        workspace,
        &[
            "-p",
            "vendor-auth",
            "--no-default-features",
            "--features",
            "quectel",
        ],
    )?;
    let ours: BTreeSet<String> = workspace
        .published()?
        .into_iter()
        .map(|package| package.name)
        .collect();
    let unwanted = unwanted(&packages, &ours, "quectel-auth");
    if !unwanted.is_empty() {
        bail!(
            "the feature `quectel` of vendor-auth alone must not bring: {}",
            unwanted.join(", ")
        );
    }
    println!(
        "vendor-auth with `quectel` alone: {} packages, no other vendor, no HTTP client",
        packages.len()
    );
    Ok(Outcome::Passed)
}

fn unwanted(packages: &BTreeSet<String>, ours: &BTreeSet<String>, wanted: &str) -> Vec<String> {
    let other_vendor = |name: &String| ours.contains(name) && is_vendor(name) && name != wanted;
    let client = |name: &String| HTTP_CLIENTS.contains(&name.as_str());
    packages
        .iter()
        .filter(|name| other_vendor(name) || client(name))
        .cloned()
        .collect()
}

fn packages(workspace: &Workspace, arguments: &[&str]) -> Result<BTreeSet<String>> {
    let all = [
        &[
            "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
        ],
        arguments,
    ]
    .concat();
    let tree = read(&mut cargo(workspace, &all))?;
    Ok(names(&tree))
}

fn names(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn another_vendor_or_an_http_client_is_unwanted() {
        let ours = set(&[
            "quectel-auth",
            "enos-apim-auth",
            "token-core",
            "vendor-auth",
        ]);
        let good = set(&["vendor-auth", "token-core", "quectel-auth", "http"]);
        assert!(unwanted(&good, &ours, "quectel-auth").is_empty());
        let bad = set(&["vendor-auth", "enos-apim-auth", "hyper", "quectel-auth"]);
        assert_eq!(
            unwanted(&bad, &ours, "quectel-auth"),
            ["enos-apim-auth", "hyper"]
        );
    }

    #[test]
    fn a_package_is_counted_once_however_often_it_is_used() {
        assert_eq!(
            names("a v1.0.0\nb v1.0.0\nb v1.0.0 (*)\n"),
            set(&["a", "b"])
        );
    }
}
