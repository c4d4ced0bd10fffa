//! The jobs of continuous integration. Hosted CI only calls them.

mod package;
mod toolchains;
mod tree;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::step::{Outcome, Step, passes, step};
use crate::tidy;
use crate::workspace::{Workspace, read};

/// A job of continuous integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// Formatting.
    Fmt,
    /// Lints of all targets with all features; a warning fails.
    Clippy,
    /// The tests and doctests of every crate.
    Test,
    /// Each published crate with each of its features alone, with none, and with all.
    Features,
    /// Documentation without a warning or a gap.
    Docs,
    /// The oldest supported Rust compiles what is published.
    Msrv,
    /// Small dependency trees stay small.
    Tree,
    /// Every published crate builds from its package.
    Package,
    /// The rules that can be checked by reading the files.
    Tidy,
    /// The public API of each crate is that of its snapshot in api/, and of its README.
    Api,
    /// Windows, macOS and wasm32: what needs no C compiler builds there.
    Targets,
    /// The oldest versions of dependencies that the manifests allow compile.
    Minimal,
    /// Licences, sources and bans of the dependencies; needs no network.
    Deny,
    /// Advisories for the dependencies; needs the network.
    Advisories,
    /// All of them.
    All,
}

impl Job {
    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Self::Fmt => vec![step("fmt", fmt)],
            Self::Clippy => vec![step("clippy", clippy)],
            Self::Test => vec![step("tests and doctests", tests)],
            Self::Features => vec![step("features", features)],
            Self::Docs => vec![step("docs", docs)],
            Self::Msrv => vec![step("msrv", toolchains::msrv)],
            Self::Tree => tree::steps(),
            Self::Package => vec![step("package", package::build)],
            Self::Tidy => vec![step("tidy", tidy::check)],
            Self::Api => vec![step("api", toolchains::api)],
            Self::Targets => vec![step("targets", toolchains::targets)],
            Self::Minimal => vec![step("minimal versions", toolchains::minimal)],
            Self::Deny => vec![step("deny", deny)],
            Self::Advisories => vec![step("advisories", advisories)],
            Self::All => {
                let jobs = Self::value_variants().iter();
                let jobs = jobs.filter(|job| **job != Self::All);
                jobs.flat_map(|job| job.steps()).collect()
            }
        }
    }
}

/// Runs the tests and doctests of every crate.
pub(crate) fn tests(workspace: &Workspace) -> Result<Outcome> {
    passes(&mut workspace.cargo("test --workspace --all-features --no-fail-fast"))
}

fn fmt(workspace: &Workspace) -> Result<Outcome> {
    passes(&mut workspace.cargo("fmt --all --check"))
}

fn clippy(workspace: &Workspace) -> Result<Outcome> {
    let arguments = "clippy --workspace --all-targets --all-features -- -D warnings";
    passes(&mut workspace.cargo(arguments))
}

/// One package at a time: with `--workspace` one crate's features hide what another forgot.
fn features(workspace: &Workspace) -> Result<Outcome> {
    let mut failed = Vec::new();
    for package in workspace.published()? {
        let name = package.name;
        let target = if package.is_library { "lib" } else { "bins" };
        let alone = package.features.iter();
        let alone = alone.map(|it| format!("--no-default-features --features {it}"));
        let all = ["--no-default-features", "--all-features"].map(str::to_owned);
        for flags in all.into_iter().chain(alone) {
            println!("  {name} {flags}");
            // Unlike `RUSTFLAGS`, this leaves the dependencies as they are built.
            let check =
                format!("rustc --quiet --profile check --{target} --package {name} {flags}");
            let mut check = workspace.cargo(&check);
            if let Err(error) = read(check.args(["--", "-D", "warnings"])) {
                println!("{error:#}");
                failed.push(format!("{name} {flags}"));
            }
        }
    }
    ensure!(failed.is_empty(), "these do not build: {failed:#?}");
    Ok(Outcome::Passed)
}

fn docs(workspace: &Workspace) -> Result<Outcome> {
    let programs = "--exclude xtask --exclude trials";
    let mut doc = workspace.cargo("doc --workspace --all-features --no-deps");
    doc.args(programs.split(' '));
    passes(doc.env("RUSTDOCFLAGS", "-D warnings -D missing_docs"))
}

fn deny(workspace: &Workspace) -> Result<Outcome> {
    cargo_deny(workspace, "bans licenses sources")
}

fn advisories(workspace: &Workspace) -> Result<Outcome> {
    cargo_deny(workspace, "advisories")
}

fn cargo_deny(workspace: &Workspace, checks: &str) -> Result<Outcome> {
    if read(&mut workspace.cargo("deny --version")).is_err() {
        return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
    }
    let check = format!("deny --all-features check --hide-inclusion-graph {checks}");
    passes(&mut workspace.cargo(&check))
}
