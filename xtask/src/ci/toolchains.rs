//! Jobs that need a toolchain or targets which may be missing.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::step::{Outcome, passes};
use crate::workspace::{Workspace, read, show};

/// What builds for another system without a C compiler for it.
const PORTABLE: &str = "token-core token-sealing token-cache token-testkit token-file token-redis \
    token-postgres token-hyper token-reqwest token-sim token-tower token-ureq enos-apim-auth \
    oauth2-refresh privcloud-auth quectel-auth vendor-auth";
const PORTABLE_FEATURES: &str = "token-cache/blocking,token-cache/tracing,token-cache/test-util,\
    token-file/keyring,token-file/test-util,vendor-auth/cache,vendor-auth/file,vendor-auth/sealing,\
    vendor-auth/tower,vendor-auth/tracing,vendor-auth/enos-apim,vendor-auth/oauth2,\
    vendor-auth/privcloud,vendor-auth/quectel";

/// What builds for a browser.
const SANS_IO: &str = "token-core enos-apim-auth oauth2-refresh privcloud-auth quectel-auth";

const TARGETS: [(&str, &str, &str); 3] = [
    ("x86_64-pc-windows-msvc", PORTABLE, PORTABLE_FEATURES),
    ("aarch64-apple-darwin", PORTABLE, PORTABLE_FEATURES),
    ("wasm32-unknown-unknown", SANS_IO, ""),
];

/// Checks that the oldest supported Rust compiles what is published. Cargo itself refuses a
/// dependency that needs a later one.
pub(super) fn msrv(workspace: &Workspace) -> Result<Outcome> {
    let stated = stated(workspace, &["package", "rust-version"])?;
    let listed = read(&mut workspace.program("rustup", "toolchain list")).unwrap_or_default();
    let mut names = listed.split_whitespace();
    let Some(toolchain) = names.find(|name| is_toolchain(name, &stated)) else {
        return missing(&format!("toolchain {stated}"));
    };
    let mut check = workspace.program("rustup", &format!("run {toolchain} cargo check"));
    let it = "--workspace --all-features --exclude xtask --exclude trials --exclude api-snapshots";
    passes(check.args(it.split(' ')))
}

/// Checks that the public APIs are those of the snapshots. `BLESS=1` writes the snapshots.
pub(super) fn api(workspace: &Workspace) -> Result<Outcome> {
    let Some(nightly) = nightly(workspace)? else {
        return missing("the nightly of Cargo.toml");
    };
    passes(&mut workspace.cargo(&format!("run --quiet --package api-snapshots {nightly}")))
}

/// Checks that what can be built without a C compiler for the target builds there without a
/// warning.
pub(super) fn targets(workspace: &Workspace) -> Result<Outcome> {
    let sysroot = read(&mut workspace.program("rustc", "--print sysroot"))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib");
    let is_missing = |(target, ..): &&(&str, &str, &str)| !libraries.join(target).exists();
    if let Some((target, ..)) = TARGETS.iter().find(is_missing) {
        return missing(&format!("target {target}"));
    }
    for (target, packages, features) in TARGETS {
        let clippy = format!("clippy --no-default-features --target {target}");
        let mut clippy = workspace.cargo(&clippy);
        clippy.args(
            packages
                .split(' ')
                .flat_map(|package| ["--package", package]),
        );
        show(clippy.args(["--features", features, "--", "-D", "warnings"]))?;
    }
    Ok(Outcome::Passed)
}

/// Checks that the oldest versions of dependencies that the manifests allow compile: in a copy,
/// because the lock changes, and without the recipes, whose clients need later versions.
pub(super) fn minimal(workspace: &Workspace) -> Result<Outcome> {
    let Some(nightly) = nightly(workspace)? else {
        return missing("the nightly of Cargo.toml");
    };
    let copy = workspace.copy_to(&workspace.target("minimal")?)?;
    std::fs::remove_file(copy.path("Cargo.lock"))?;
    std::fs::remove_dir_all(copy.path("crates/recipes"))?;
    let update = format!("run {nightly} cargo update -Z direct-minimal-versions");
    show(&mut copy.program("rustup", &update))?;
    let mut check = copy.cargo("check --workspace --all-features");
    passes(check.env("CARGO_TARGET_DIR", workspace.target("")?))
}

fn missing(what: &str) -> Result<Outcome> {
    Ok(Outcome::Skipped(format!("{what} is not installed")))
}

/// Returns the pinned nightly, by whichever name it is installed.
fn nightly(workspace: &Workspace) -> Result<Option<String>> {
    let pinned = stated(workspace, &["metadata", "nightly", "toolchain"])?;
    let compiler = stated(workspace, &["metadata", "nightly", "rustc"])?;
    let is_it = |name: &String| {
        let version = format!("run {name} rustc --version");
        let version = read(&mut workspace.program("rustup", &version));
        version.is_ok_and(|version| version.contains(&compiler))
    };
    Ok([pinned, "nightly".to_owned()].into_iter().find(is_it))
}

/// Returns a text below `[workspace]` in the root manifest.
fn stated(workspace: &Workspace, path: &[&str]) -> Result<String> {
    let manifest: toml::Table = workspace.read("Cargo.toml")?.parse()?;
    let mut value = manifest.get("workspace");
    for key in path {
        value = value.and_then(|table| table.get(key));
    }
    let text = value.and_then(toml::Value::as_str);
    let text = text.with_context(|| format!("Cargo.toml: state workspace.{}", path.join(".")))?;
    Ok(text.to_owned())
}

/// `1.89` is `1.89-<host>` and any `1.89.x-<host>`.
fn is_toolchain(name: &str, version: &str) -> bool {
    let rest = name.strip_prefix(version);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_known_by_its_version() {
        assert!(is_toolchain("1.89.0-x86_64-unknown-linux-gnu", "1.89"));
        assert!(is_toolchain("1.89-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("1.890-x86_64-unknown-linux-gnu", "1.89"));
        assert!(!is_toolchain("1.95.0-x86_64-unknown-linux-gnu", "1.89"));
    }
}
