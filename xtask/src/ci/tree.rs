//! Dependency trees that must stay small.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::command::{cargo, read};
use crate::crate_graph::is_vendor;
use crate::step::{Outcome, Step};
use crate::workspace::Workspace;

pub(super) const STEPS: [Step; 3] = [
    Step::new("tree: token-core is small", |workspace| {
        is_small(workspace, "token-core", 20)
    }),
    Step::new("tree: xtask is small", |workspace| {
        is_small(workspace, "xtask", 40)
    }),
    Step::new("tree: one vendor alone", one_vendor_alone),
];

const HTTP_CLIENTS: [&str; 6] = ["reqwest", "hyper", "hyper-util", "ureq", "isahc", "curl"];

fn is_small(workspace: &Workspace, package: &str, limit: usize) -> Result<Outcome> {
    let packages = packages(workspace, &["-p", package, "--no-default-features"])?;
    let list = packages
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    ensure!(
        packages.len() <= limit,
        "{package} may build {limit} packages, itself included; take some out of: {list}"
    );
    println!("{package}: {} packages of at most {limit}", packages.len());
    Ok(Outcome::Passed)
}

fn one_vendor_alone(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "-p",
        "vendor-auth",
        "--no-default-features",
        "--features",
        "quectel",
    ];
    let packages = packages(workspace, &arguments)?;
    let ours: BTreeSet<String> = workspace
        .published()?
        .into_iter()
        .map(|package| package.name)
        .collect();
    let unwanted = unwanted(&packages, &ours, "quectel-auth").join(", ");
    ensure!(
        unwanted.is_empty(),
        "the feature `quectel` of vendor-auth alone must not bring: {unwanted}"
    );
    println!(
        "vendor-auth with `quectel` alone: {} packages, no other vendor, no HTTP client",
        packages.len()
    );
    Ok(Outcome::Passed)
}

fn unwanted<'a>(
    packages: &'a BTreeSet<String>,
    ours: &BTreeSet<String>,
    wanted: &str,
) -> Vec<&'a str> {
    let other_vendor = |name: &str| ours.contains(name) && is_vendor(name) && name != wanted;
    let names = packages.iter().map(String::as_str);
    names
        .filter(|name| other_vendor(name) || HTTP_CLIENTS.contains(name))
        .collect()
}

fn packages(workspace: &Workspace, arguments: &[&str]) -> Result<BTreeSet<String>> {
    let tree = [
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
    ];
    let tree = read(&mut cargo(workspace, &[&tree, arguments].concat()))?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_vendor_or_an_http_client_is_unwanted() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
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
}
