//! What each manifest says.

use super::Finding;
use super::tree::{Crate, Tree};

/// What is said once, for all, in the root manifest.
const INHERITED: [&str; 5] = [
    "edition",
    "rust-version",
    "license",
    "repository",
    "authors",
];

/// What each crate says about itself.
const OWN: [&str; 5] = ["version", "description", "keywords", "categories", "readme"];

pub(super) fn lints(tree: &Tree) -> Vec<Finding> {
    let manifests = tree
        .files()
        .filter(|(path, _)| *path == "xtask/Cargo.toml" || is_crate_manifest(path));
    let without = manifests.filter(|(_, text)| !inherits_lints(text));
    without
        .map(|(path, _)| Finding::new(path, "write `[lints]` with `workspace = true`"))
        .collect()
}

pub(super) fn metadata(tree: &Tree) -> Vec<Finding> {
    tree.crates()
        .filter(Crate::is_published)
        .flat_map(|ours| missing_metadata(&ours))
        .collect()
}

/// A dependency's version is in the root manifest, a sibling's is the one that its own manifest has.
pub(super) fn versions(tree: &Tree) -> Vec<Finding> {
    let crates: Vec<_> = tree.crates().collect();
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let own = crates.iter().flat_map(|ours| {
        let all = kinds.iter().flat_map(|kind| ours.dependencies(kind));
        all.filter_map(|(name, value)| {
            let what = wrong_version(name, value, &crates)?;
            Some(Finding::new(ours.manifest_path(), what))
        })
    });
    let root: Option<toml::Table> = tree.text("Cargo.toml").and_then(|text| text.parse().ok());
    let shared = root
        .as_ref()
        .and_then(|root| root.get("workspace")?.get("dependencies"));
    let shared = shared.and_then(toml::Value::as_table).into_iter().flatten();
    let siblings = shared.filter(|(_, value)| value.get("path").is_some());
    let wrong = siblings.filter_map(|(name, value)| wrong_version(name, value, &crates));
    own.chain(wrong.map(|what| Finding::new("Cargo.toml", what)))
        .collect()
}

fn wrong_version(name: &str, value: &toml::Value, crates: &[Crate<'_>]) -> Option<String> {
    let stated = value.as_str().or_else(|| value.get("version")?.as_str())?;
    if value.get("path").is_none() {
        return Some(format!(
            "`{name}`: move the version to [workspace.dependencies] and write `workspace = true`"
        ));
    }
    let sibling = crates.iter().find(|ours| ours.name == name)?;
    let version = sibling.package("version")?.as_str()?;
    (stated != version).then(|| format!("`{name}` has the version {version}: write that"))
}

fn missing_metadata(ours: &Crate<'_>) -> Vec<Finding> {
    let inherited = INHERITED.iter().filter(|name| !is_inherited(ours, name));
    let inherited = inherited.map(|name| format!("write `{name}.workspace = true`"));
    let own = OWN
        .iter()
        .filter(|name| ours.package(name).is_none())
        .map(|name| format!("say its `{name}`"));
    let docs = (!has_docs_rs(ours))
        .then(|| "write `[package.metadata.docs.rs]` with `all-features = true`".to_owned());
    let all = inherited.chain(own).chain(docs);
    all.map(|what| Finding::new(ours.manifest_path(), what))
        .collect()
}

fn is_inherited(ours: &Crate<'_>, name: &str) -> bool {
    ours.package(name)
        .and_then(|value| value.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

fn has_docs_rs(ours: &Crate<'_>) -> bool {
    let all_features = || {
        ours.package("metadata")?
            .get("docs")?
            .get("rs")?
            .get("all-features")?
            .as_bool()
    };
    all_features() == Some(true)
}

fn is_crate_manifest(path: &str) -> bool {
    path.starts_with("crates/") && path.ends_with("/Cargo.toml")
}

fn inherits_lints(text: &str) -> bool {
    let manifest: Option<toml::Table> = text.parse().ok();
    let inherits = || manifest.as_ref()?.get("lints")?.get("workspace")?.as_bool();
    inherits() == Some(true)
}
