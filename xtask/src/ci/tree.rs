//! Dependency trees that must stay small.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::step::{Outcome, Step, step};
use crate::tidy::is_vendor;
use crate::workspace::{Workspace, read};

/// How many packages these may build, themselves included.
const LIMITS: [(&str, usize); 2] = [("token-core", 20), ("xtask", 40)];
const HTTP_CLIENTS: [&str; 6] = ["reqwest", "hyper", "hyper-util", "ureq", "isahc", "curl"];

pub(super) fn steps() -> Vec<Step> {
    vec![
        step("tree: limits", limits_hold),
        step("tree: one vendor alone", one_vendor_alone),
    ]
}

fn limits_hold(workspace: &Workspace) -> Result<Outcome> {
    for (name, limit) in LIMITS {
        let alone = format!("--package {name} --no-default-features");
        let packages = packages(workspace, &alone)?;
        let count = packages.len();
        ensure!(
            count <= limit,
            "{name} builds more than {limit} packages: {packages:?}"
        );
        println!("{name}: {count} packages of at most {limit}");
    }
    Ok(Outcome::Passed)
}

fn one_vendor_alone(workspace: &Workspace) -> Result<Outcome> {
    let facade = "--package vendor-auth --no-default-features --features quectel";
    let packages = packages(workspace, facade)?;
    let ours = workspace.published()?.into_iter();
    let ours = ours.map(|package| package.name);
    let others = ours.filter(|name| is_vendor(name) && name != "quectel-auth");
    let unwanted = others.chain(HTTP_CLIENTS.map(str::to_owned));
    let found: Vec<String> = unwanted.filter(|name| packages.contains(name)).collect();
    ensure!(found.is_empty(), "`quectel` alone must not bring {found:?}");
    ensure!(packages.contains("quectel-auth"), "it brings no vendor");
    println!("vendor-auth with `quectel` alone: no other vendor, no HTTP client");
    Ok(Outcome::Passed)
}

fn packages(workspace: &Workspace, arguments: &str) -> Result<BTreeSet<String>> {
    let tree = format!("tree --edges normal --prefix none --format {{p}} {arguments}");
    let tree = read(&mut workspace.cargo(&tree))?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}
