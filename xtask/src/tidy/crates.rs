//! Manifests and required files of the crates.

use super::tree::{Crate, Tree};

const INHERITED: &str = "edition rust-version license repository authors";
const FRONT_PAGE: &str = "doc = include_str!(\"../README.md\")";
const SEMVER: &str = "## Public dependencies (semver)\n";
const OWN: &str = "version description keywords categories readme";

/// The picture in ARCHITECTURE.md as a table: the crates of ours that each crate may depend on,
/// unless it is a vendor's, which has a cache and reqwest with `client`. Dev-dependencies are free,
/// but token-sim has none of ours: it is a second reading of each vendor's documents.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("token-core", &[]),
    ("token-cache", &["token-core"]),
    ("token-file", &["token-core", "token-sealing"]),
    ("token-hyper", &["token-core"]),
    (
        "token-reqwest",
        &["token-cache", "token-core", "token-hyper"],
    ),
    ("token-tower", &["token-cache", "token-core"]),
    ("token-ureq", &["token-cache", "token-core"]),
    ("token-redis", &["token-core", "token-sealing"]),
    ("token-postgres", &["token-core", "token-sealing"]),
    ("token-sealing", &["token-core"]),
    ("token-sim", &[]),
    ("token-testkit", &["token-core"]),
    ("local-servers", &[]),
    ("api-snapshots", &[]),
    ("fuzzing", &["*"]),
    ("recipes", &["vendor-auth"]),
    ("trials", &["any"]),
    ("vendor-auth", &["*"]),
    ("vendor-auth-cli", &["vendor-auth", "token-sim"]),
];

/// Returns whether a crate is a vendor's: those that the table does not list are.
pub(crate) fn is_vendor(name: &str) -> bool {
    ALLOWED.iter().all(|(listed, _)| *listed != name)
}

pub(super) fn one_way(tree: &Tree) -> Vec<String> {
    of_each(tree, |ours, crates| {
        let mut used = ours.dependencies("dependencies");
        if ours.name == "token-sim" {
            used.extend(ours.dependencies("dev-dependencies"));
        }
        let names = used.into_iter().map(|(name, _)| name);
        let siblings = names.filter(|name| crates.iter().any(|other| other.name == *name));
        let wrong = siblings.filter(|name| !may_depend_on(ours.name, name));
        let advice =
            "see the picture in ARCHITECTURE.md, and the table in xtask/src/tidy/crates.rs";
        wrong
            .map(|name| format!("must not depend on `{name}`: {advice}"))
            .collect()
    })
}

/// Returns whether `name` may depend on `sibling`.
fn may_depend_on(name: &str, sibling: &str) -> bool {
    let allowed = ALLOWED.iter().find(|(listed, _)| *listed == name);
    match allowed.map_or(
        &["token-core", "token-cache", "token-reqwest"] as &[&str],
        |row| row.1,
    ) {
        ["any"] => true,
        ["*"] => !["token-sim", "vendor-auth-cli"].contains(&sibling),
        listed => listed.contains(&sibling),
    }
}

pub(super) fn dev_dependencies(tree: &Tree) -> Vec<String> {
    of_each(tree, |ours, crates| {
        let all = ours.dependencies("dev-dependencies").into_iter();
        let siblings = all.filter(|(name, _)| crates.iter().any(|other| other.name == *name));
        let by_path = |it: &toml::Value| it.get("path").is_some() && it.get("version").is_none();
        let wrong = siblings.filter(|(_, value)| !by_path(value));
        let why = "a version would close a cycle when publishing";
        wrong
            .map(|(name, _)| format!("write `{name} = {{ path = \"../{name}\" }}`: {why}"))
            .collect()
    })
}

pub(super) fn lints(tree: &Tree) -> Vec<String> {
    let inherits = |manifest: &toml::Table| manifest.get("lints")?.get("workspace")?.as_bool();
    let manifests = tree.files().filter(|(path, _)| {
        path.ends_with("/Cargo.toml")
            && (path.starts_with("crates/") || *path == "xtask/Cargo.toml")
    });
    let parsed = manifests.filter_map(|(path, text)| Some((path, text.parse().ok()?)));
    let without = parsed.filter(|(_, manifest)| inherits(manifest) != Some(true));
    without
        .map(|(path, _)| format!("{path}: write `[lints]` with `workspace = true`"))
        .collect()
}

pub(super) fn metadata(tree: &Tree) -> Vec<String> {
    of_each_published(tree, |ours| {
        let is_inherited = |name: &&str| ours.package(name)?.get("workspace")?.as_bool();
        let inherited = INHERITED
            .split(' ')
            .filter(|name| is_inherited(name) != Some(true));
        let inherited = inherited.map(|name| format!("write `{name}.workspace = true`"));
        let own = OWN.split(' ').filter(|name| ours.package(name).is_none());
        let own = own.map(|name| format!("write its `{name}`"));
        let docs = ours
            .package("metadata")
            .and_then(|it| it.get("docs")?.get("rs"));
        let all = docs.and_then(|docs| docs.get("all-features")?.as_bool());
        let docs = "write `[package.metadata.docs.rs]` with `all-features = true`";
        let docs = (all != Some(true)).then(|| docs.to_owned());
        inherited.chain(own).chain(docs).collect()
    })
}

/// A dependency's version is in the root manifest, a sibling's is that of its own manifest.
pub(super) fn versions(tree: &Tree) -> Vec<String> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = of_each(tree, |ours, crates| {
        let all = kinds.iter().flat_map(|kind| ours.dependencies(kind));
        all.filter_map(|(name, value)| wrong_version(name, value, crates))
            .collect()
    });
    let crates: Vec<_> = tree.crates().collect();
    let root = tree
        .text("Cargo.toml")
        .and_then(|text| text.parse::<toml::Table>().ok());
    let shared = root
        .as_ref()
        .and_then(|root| root.get("workspace")?.get("dependencies"));
    let shared = shared.and_then(toml::Value::as_table).into_iter().flatten();
    let siblings = shared.filter(|(_, value)| value.get("path").is_some());
    let wrong = siblings.filter_map(|(name, value)| wrong_version(name, value, &crates));
    found.extend(wrong.map(|what| format!("Cargo.toml: {what}")));
    found
}

fn wrong_version(name: &str, value: &toml::Value, crates: &[Crate<'_>]) -> Option<String> {
    let stated = value.as_str().or_else(|| value.get("version")?.as_str())?;
    if value.get("path").is_none() {
        let advice = "move the version to [workspace.dependencies] and write `workspace = true`";
        return Some(format!("`{name}`: {advice}"));
    }
    let sibling = crates.iter().find(|ours| ours.name == name)?;
    let version = sibling.package("version")?.as_str()?;
    (stated != version).then(|| format!("`{name}` has the version {version}: write that"))
}

pub(super) fn required_files(tree: &Tree) -> Vec<String> {
    of_each_published(tree, |ours| {
        let has = |file: &str, part: &str| ours.text(file).is_some_and(|text| text.contains(part));
        let same = |licence: &str| {
            ours.text(licence).is_some() && ours.text(licence) == tree.text(licence)
        };
        let is_front = |file: &str| has(file, FRONT_PAGE);
        let changes = ["## Unreleased", "## 0.", "## 1."];
        let changes = changes.iter().any(|it| has("CHANGELOG.md", it));
        let wrong = [
            (same("LICENSE-MIT"), "copy LICENSE-MIT from the root"),
            (same("LICENSE-APACHE"), "copy LICENSE-APACHE from the root"),
            (has("README.md", "# "), "write README.md"),
            (has("README.md", SEMVER), "list its public dependencies"),
            (
                is_front("src/lib.rs") || is_front("src/main.rs"),
                "begin with the README",
            ),
            (changes, "keep CHANGELOG.md"),
        ];
        let wrong = wrong.iter().filter(|(is_right, _)| !is_right);
        wrong.map(|(_, advice)| (*advice).to_owned()).collect()
    })
}

fn of_each_published(tree: &Tree, check: impl Fn(&Crate<'_>) -> Vec<String>) -> Vec<String> {
    of_each(tree, |ours, _| {
        if ours.is_published() {
            check(ours)
        } else {
            Vec::new()
        }
    })
}

/// Returns what `check` finds in each crate, with the path of its manifest.
fn of_each(tree: &Tree, check: impl Fn(&Crate<'_>, &[Crate<'_>]) -> Vec<String>) -> Vec<String> {
    let crates: Vec<_> = tree.crates().collect();
    let found = crates.iter().flat_map(|ours| {
        let manifest = ours.path("Cargo.toml");
        let found = check(ours, &crates).into_iter();
        found.map(move |what| format!("{manifest}: {what}"))
    });
    found.collect()
}
