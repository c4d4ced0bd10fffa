//! Who depends on whom.

use super::Finding;
use super::tree::{Crate, Tree};
use crate::crate_graph;

pub(super) fn one_way(tree: &Tree) -> Vec<Finding> {
    let crates: Vec<_> = tree.crates().collect();
    crates
        .iter()
        .flat_map(|ours| against_the_flow(ours, &crates))
        .collect()
}

pub(super) fn dev_dependencies(tree: &Tree) -> Vec<Finding> {
    let crates: Vec<_> = tree.crates().collect();
    crates
        .iter()
        .flat_map(|ours| dev_dependencies_with_version(ours, &crates))
        .collect()
}

fn against_the_flow(ours: &Crate<'_>, crates: &[Crate<'_>]) -> Vec<Finding> {
    let mut used = ours.dependencies("dependencies");
    if ours.name == "token-sim" {
        used.extend(ours.dependencies("dev-dependencies"));
    }
    let wrong = used
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| is_sibling(name, crates) && !crate_graph::may_depend_on(ours.name, name));
    let complain = |name| {
        format!(
            "must not depend on `{name}`: see the picture in ARCHITECTURE.md, and the table in xtask/src/crate_graph.rs"
        )
    };
    wrong
        .map(|name| Finding::new(ours.manifest_path(), complain(name)))
        .collect()
}

fn dev_dependencies_with_version(ours: &Crate<'_>, crates: &[Crate<'_>]) -> Vec<Finding> {
    let siblings = ours
        .dependencies("dev-dependencies")
        .into_iter()
        .filter(|(name, _)| is_sibling(name, crates));
    let by_path =
        |value: &toml::Value| value.get("path").is_some() && value.get("version").is_none();
    let wrong = siblings
        .filter(|(_, value)| !by_path(value))
        .map(|(name, _)| name);
    let advise = |name| {
        format!(
            "write `{name} = {{ path = \"../{name}\" }}`: a version would close a cycle when publishing"
        )
    };
    wrong
        .map(|name| Finding::new(ours.manifest_path(), advise(name)))
        .collect()
}

fn is_sibling(name: &str, crates: &[Crate<'_>]) -> bool {
    crates.iter().any(|ours| ours.name == name)
}
