//! What each manifest says.

use super::Finding;
use super::tree::{Crate, Tree};

/// What is said once, for all, in the root manifest.
const INHERITED: [&str; 6] = [
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
    "authors",
];

/// What each crate says about itself.
const OWN: [&str; 4] = ["description", "keywords", "categories", "readme"];

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

/// A dependency's version is in the root manifest; a sibling that only one crate uses may have it
/// beside its path, the same as all.
pub(super) fn versions(tree: &Tree) -> Vec<Finding> {
    let version = workspace_version(tree);
    let crates: Vec<_> = tree.crates().collect();
    crates
        .iter()
        .flat_map(|ours| own_versions(ours, version.as_deref()))
        .collect()
}

fn own_versions(ours: &Crate<'_>, version: Option<&str>) -> Vec<Finding> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let all = kinds.iter().flat_map(|kind| ours.dependencies(kind));
    let own = all.filter(|(_, value)| {
        let stated = value
            .as_str()
            .or_else(|| value.get("version").and_then(toml::Value::as_str));
        let is_sibling = value.get("path").is_some();
        stated.is_some() && !(is_sibling && stated == version)
    });
    let advise = |name| {
        format!(
            "`{name}`: move the version to [workspace.dependencies] and write `workspace = true`"
        )
    };
    own.map(|(name, _)| Finding::new(ours.manifest_path(), advise(name)))
        .collect()
}

fn workspace_version(tree: &Tree) -> Option<String> {
    let root: toml::Table = tree.text("Cargo.toml")?.parse().ok()?;
    let version = root.get("workspace")?.get("package")?.get("version")?;
    version.as_str().map(str::to_owned)
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
