//! Jobs that need a toolchain or targets which may be missing.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::{cargo, program, read, show};
use crate::step::Outcome;
use crate::workspace::Workspace;

/// What builds for another system without a C compiler for it.
const PORTABLE: &str = "token-core token-sealing token-cache token-testkit token-file token-redis \
    token-postgres token-reqwest token-sim enos-apim-auth oauth2-refresh privcloud-auth \
    quectel-auth vendor-auth";
const PORTABLE_FEATURES: &str = "token-cache/tracing,token-cache/test-util,token-file/keyring,\
    token-file/test-util,vendor-auth/cache,vendor-auth/file,vendor-auth/sealing,\
    vendor-auth/tracing,vendor-auth/enos-apim,vendor-auth/oauth2,vendor-auth/privcloud,\
    vendor-auth/quectel";

/// What builds for a browser.
const SANS_IO: &str = "token-core enos-apim-auth oauth2-refresh privcloud-auth quectel-auth";

const TARGETS: [(&str, &str, &str); 3] = [
    ("x86_64-pc-windows-msvc", PORTABLE, PORTABLE_FEATURES),
    ("aarch64-apple-darwin", PORTABLE, PORTABLE_FEATURES),
    ("wasm32-unknown-unknown", SANS_IO, ""),
];

/// The oldest supported Rust compiles what is published.
pub(super) fn msrv(workspace: &Workspace) -> Result<Outcome> {
    let stated = stated(workspace, &["package", "rust-version"])?;
    let listed = read(&mut program(workspace, "rustup", &["toolchain", "list"]));
    let listed = listed.unwrap_or_default();
    let mut names = listed.split_whitespace();
    let Some(toolchain) = names.find(|name| is_toolchain(name, &stated)) else {
        return missing(&format!("toolchain {stated}"));
    };
    let arguments = [
        "run",
        toolchain,
        "cargo",
        "check",
        "--all-features",
        "--workspace",
    ];
    let mut check = program(workspace, "rustup", &arguments);
    show(check.args([
        "--exclude",
        "xtask",
        "--exclude",
        "trials",
        "--exclude",
        "api-snapshots",
    ]))?;
    Ok(Outcome::Passed)
}

/// The public APIs are those of the snapshots. `BLESS=1` writes the snapshots.
pub(super) fn api(workspace: &Workspace) -> Result<Outcome> {
    let Some(nightly) = nightly(workspace)? else {
        return missing("the nightly of Cargo.toml");
    };
    show(&mut cargo(
        workspace,
        &["run", "--quiet", "--package", "api-snapshots", &nightly],
    ))?;
    Ok(Outcome::Passed)
}

/// What can be built without a C compiler for the target builds there without a warning.
pub(super) fn targets(workspace: &Workspace) -> Result<Outcome> {
    let sysroot = read(&mut program(workspace, "rustc", &["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib");
    if let Some((target, ..)) = TARGETS
        .iter()
        .find(|(target, ..)| !libraries.join(target).exists())
    {
        return missing(&format!("target {target}"));
    }
    for (target, packages, features) in TARGETS {
        let mut clippy = cargo(
            workspace,
            &["clippy", "--no-default-features", "--target", target],
        );
        clippy.args(
            packages
                .split(' ')
                .flat_map(|package| ["--package", package]),
        );
        show(clippy.args(["--features", features, "--", "-D", "warnings"]))?;
    }
    Ok(Outcome::Passed)
}

/// The oldest versions of dependencies that the manifests allow compile. In a copy, since the
/// lock changes.
pub(super) fn minimal(workspace: &Workspace) -> Result<Outcome> {
    let Some(nightly) = nightly(workspace)? else {
        return missing("the nightly of Cargo.toml");
    };
    let folder = workspace.target("minimal")?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    for file in workspace
        .files()?
        .iter()
        .filter(|file| *file != "Cargo.lock")
    {
        let copy = folder.join(file);
        std::fs::create_dir_all(copy.parent().context("a file in a folder")?)?;
        std::fs::copy(workspace.path(file), copy)?;
    }
    let copy = Workspace::at(&folder);
    let lock = [
        "run",
        &nightly,
        "cargo",
        "update",
        "-Z",
        "direct-minimal-versions",
    ];
    show(&mut program(&copy, "rustup", &lock))?;
    let mut check = cargo(&copy, &["check", "--workspace", "--all-features"]);
    show(check.env("CARGO_TARGET_DIR", workspace.target("")?))?;
    Ok(Outcome::Passed)
}

fn missing(what: &str) -> Result<Outcome> {
    Ok(Outcome::Skipped(format!("{what} is not installed")))
}

/// Returns the pinned nightly, by whichever name it is installed.
fn nightly(workspace: &Workspace) -> Result<Option<String>> {
    let pinned = stated(workspace, &["metadata", "nightly", "toolchain"])?;
    let compiler = stated(workspace, &["metadata", "nightly", "rustc"])?;
    let is_it = |name: &String| {
        let version = read(&mut program(
            workspace,
            "rustup",
            &["run", name, "rustc", "--version"],
        ));
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
