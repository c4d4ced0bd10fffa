//! The oldest Rust that is promised: stated once, kept by what we depend on, by the lints, and by
//! the compiler where it is at hand.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::command::{cargo, program, read, show};
use crate::step::{Outcome, Step};
use crate::workspace::{Workspace, is_published};

pub(super) const STEPS: [Step; 4] = [
    Step {
        name: "msrv: stated once",
        run: stated_once,
    },
    Step {
        name: "msrv: dependencies",
        run: dependencies,
    },
    Step {
        name: "msrv: lint",
        run: lint,
    },
    Step {
        name: "msrv: compile",
        run: compile,
    },
];

fn stated_once(workspace: &Workspace) -> Result<Outcome> {
    let stated = stated(workspace)?;
    let metadata = workspace.metadata(&["--no-deps"])?;
    for package in array(&metadata, "packages") {
        let manifest = text(package, "manifest_path");
        let manifest = std::fs::read_to_string(manifest)
            .with_context(|| format!("{manifest} cannot be read"))?;
        let inherits = manifest
            .lines()
            .any(|line| line.trim() == "rust-version.workspace = true");
        if !inherits || text(package, "rust_version") != stated {
            bail!(
                "{}: write `rust-version.workspace = true` and no other",
                text(package, "name")
            );
        }
    }
    if workspace
        .read("clippy.toml")
        .is_ok_and(|lints| lints.contains("msrv"))
    {
        bail!("clippy.toml: take `msrv` out, clippy reads it from the manifest");
    }
    println!("Rust {stated}, stated in the root Cargo.toml alone");
    Ok(Outcome::Passed)
}

fn dependencies(workspace: &Workspace) -> Result<Outcome> {
    let promised = Version::read(&stated(workspace)?)?;
    let metadata = workspace.metadata(&["--all-features"])?;
    let packages: BTreeMap<&str, &Value> = array(&metadata, "packages")
        .map(|package| (text(package, "id"), package))
        .collect();
    let used = used_by_published(&metadata, &packages);
    let late: Vec<String> = used
        .iter()
        .filter_map(|id| packages.get(id))
        .filter_map(|package| later(package, promised))
        .collect();
    if !late.is_empty() {
        bail!(
            "these need a later Rust; take an older release of them:\n  {}",
            late.join("\n  ")
        );
    }
    println!(
        "{} packages are built for Rust {promised} or earlier",
        used.len()
    );
    Ok(Outcome::Passed)
}

fn lint(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-features",
        "--",
        "-D",
        "clippy::incompatible_msrv",
    ];
    show(&mut cargo(workspace, &arguments))?;
    Ok(Outcome::Passed)
}

fn compile(workspace: &Workspace) -> Result<Outcome> {
    let stated = stated(workspace)?;
    let installed =
        read(&mut program(workspace, "rustup", &["toolchain", "list"])).unwrap_or_default();
    let Some(toolchain) = installed
        .split_whitespace()
        .find(|name| is_toolchain(name, &stated))
    else {
        return Outcome::skipped(format!("toolchain {stated} is not installed"));
    };
    let arguments = [
        "run",
        toolchain,
        "cargo",
        "check",
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "trials",
        "--all-features",
    ];
    show(&mut program(workspace, "rustup", &arguments))?;
    Ok(Outcome::Passed)
}

fn stated(workspace: &Workspace) -> Result<String> {
    let manifest: toml::Table = workspace
        .read("Cargo.toml")?
        .parse()
        .context("Cargo.toml is no TOML")?;
    let package = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package"));
    let stated = package
        .and_then(|package| package.get("rust-version"))
        .and_then(toml::Value::as_str);
    stated
        .map(str::to_owned)
        .context("Cargo.toml: state `rust-version` in [workspace.package]")
}

/// `1.89` is `1.89-<host>` and any `1.89.x-<host>`.
fn is_toolchain(name: &str, version: &str) -> bool {
    name.strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

/// Every package that a published crate of ours is built from, dev-dependencies left out.
fn used_by_published<'a>(
    metadata: &'a Value,
    packages: &BTreeMap<&str, &'a Value>,
) -> BTreeSet<&'a str> {
    let nodes = metadata
        .get("resolve")
        .map(|resolve| array(resolve, "nodes"));
    let nodes: BTreeMap<&str, &Value> = nodes
        .into_iter()
        .flatten()
        .map(|node| (text(node, "id"), node))
        .collect();
    let ours = array(metadata, "workspace_members").filter_map(Value::as_str);
    let mut waiting: Vec<&str> = ours
        .filter(|id| {
            packages
                .get(id)
                .is_some_and(|package| is_published(package))
        })
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            waiting.extend(
                nodes
                    .get(id)
                    .into_iter()
                    .flat_map(|node| normal_dependencies(node)),
            );
        }
    }
    seen
}

fn normal_dependencies(node: &Value) -> impl Iterator<Item = &str> {
    let is_dev = |kind: &Value| kind.get("kind").and_then(Value::as_str) == Some("dev");
    array(node, "deps")
        .filter(move |dependency| !array(dependency, "dep_kinds").all(is_dev))
        .map(|dependency| text(dependency, "pkg"))
}

fn later(package: &Value, promised: Version) -> Option<String> {
    let needs = package.get("rust_version")?.as_str()?;
    let is_later = Version::read(needs).map_or(true, |version| version > promised);
    is_later.then(|| {
        format!(
            "{} {} needs Rust {needs}",
            text(package, "name"),
            text(package, "version")
        )
    })
}

fn array<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

impl Version {
    fn read(text: &str) -> Result<Self> {
        let numbers: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match numbers
            .with_context(|| format!("`{text}` is no version of Rust"))?
            .as_slice()
        {
            [major, minor] => Ok(Self(*major, *minor, 0)),
            [major, minor, patch] => Ok(Self(*major, *minor, *patch)),
            _ => bail!("`{text}` is no version of Rust"),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dependency_that_needs_a_later_rust_is_named() {
        let promised = Version::read("1.89").unwrap();
        let needs = |rust: &str| {
            later(
                &json!({"name": "late", "version": "2.0.0", "rust_version": rust}),
                promised,
            )
        };
        assert_eq!(needs("1.89.0"), None);
        assert_eq!(needs("1.9"), None);
        assert_eq!(needs("1.90").unwrap(), "late 2.0.0 needs Rust 1.90");
    }

    #[test]
    fn only_what_published_crates_are_built_from_counts() {
        let metadata = json!({
            "workspace_members": ["a", "xtask"],
            "packages": [{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "xtask", "publish": []}, {"id": "d"}],
            "resolve": {"nodes": [
                {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": null}]}, {"pkg": "c", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "xtask", "deps": [{"pkg": "d", "dep_kinds": [{"kind": null}]}]},
            ]},
        });
        let packages = array(&metadata, "packages")
            .map(|package| (text(package, "id"), package))
            .collect();
        assert_eq!(
            used_by_published(&metadata, &packages),
            BTreeSet::from(["a", "b"])
        );
    }

    #[test]
    fn a_toolchain_is_known_by_its_version() {
        assert!(is_toolchain("1.89.0-x86_64-unknown-linux-gnu", "1.89"));
        assert!(is_toolchain("1.89-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("1.890-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("1.95.0-x86_64-unknown-linux-gnu", "1.89"));
    }
}
