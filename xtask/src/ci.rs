//! The jobs of continuous integration. Hosted CI only calls them.

mod package;
mod toolchains;
mod tree;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::command::{build_without_warning, cargo, read, show};
use crate::step::{Outcome, Step};
use crate::tidy;
use crate::workspace::Workspace;

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
            Self::Fmt => vec![Step::new("fmt", fmt)],
            Self::Clippy => vec![Step::new("clippy", clippy)],
            Self::Test => vec![Step::new("tests and doctests", tests)],
            Self::Features => vec![Step::new("features", features)],
            Self::Docs => vec![Step::new("docs", docs)],
            Self::Msrv => vec![Step::new("msrv", toolchains::msrv)],
            Self::Tree => tree::STEPS.into(),
            Self::Package => vec![Step::new("package", package::build)],
            Self::Tidy => vec![Step::new("tidy", tidy::step)],
            Self::Api => vec![Step::new("api", toolchains::api)],
            Self::Targets => vec![Step::new("targets", toolchains::targets)],
            Self::Minimal => vec![Step::new("minimal versions", toolchains::minimal)],
            Self::Deny => vec![Step::new("deny", deny)],
            Self::Advisories => vec![Step::new("advisories", advisories)],
            Self::All => {
                let jobs = Self::value_variants()
                    .iter()
                    .filter(|job| **job != Self::All);
                jobs.flat_map(|job| job.steps()).collect()
            }
        }
    }
}

/// Runs the tests and doctests of every crate.
pub(crate) fn tests(workspace: &Workspace) -> Result<Outcome> {
    passes(
        workspace,
        &["test", "--workspace", "--all-features", "--no-fail-fast"],
    )
}

fn fmt(workspace: &Workspace) -> Result<Outcome> {
    passes(workspace, &["fmt", "--all", "--check"])
}

fn clippy(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    passes(workspace, &arguments)
}

/// One package at a time: with `--workspace` one crate's features hide what another forgot.
fn features(workspace: &Workspace) -> Result<Outcome> {
    let mut failed = Vec::new();
    for package in workspace.published()? {
        let alone = package
            .features
            .iter()
            .map(|feature| vec!["--no-default-features", "--features", feature]);
        for flags in [vec!["--no-default-features"], vec!["--all-features"]]
            .into_iter()
            .chain(alone)
        {
            let title = format!("{} {}", package.name, flags.join(" "));
            println!("  {title}");
            let mut check = cargo(workspace, &["check", "--quiet", "--package", &package.name]);
            if let Err(error) = build_without_warning(check.args(&flags)) {
                println!("{error:#}");
                failed.push(title);
            }
        }
    }
    if !failed.is_empty() {
        bail!("these do not build:\n  {}", failed.join("\n  "));
    }
    Ok(Outcome::Passed)
}

fn docs(workspace: &Workspace) -> Result<Outcome> {
    let commands = ["--exclude", "xtask", "--exclude", "trials"];
    let mut doc = cargo(
        workspace,
        &["doc", "--workspace", "--all-features", "--no-deps"],
    );
    show(
        doc.args(commands)
            .env("RUSTDOCFLAGS", "-D warnings -D missing_docs"),
    )?;
    Ok(Outcome::Passed)
}

fn deny(workspace: &Workspace) -> Result<Outcome> {
    cargo_deny(workspace, &["bans", "licenses", "sources"])
}

fn advisories(workspace: &Workspace) -> Result<Outcome> {
    cargo_deny(workspace, &["advisories"])
}

fn cargo_deny(workspace: &Workspace, checks: &[&str]) -> Result<Outcome> {
    if read(&mut cargo(workspace, &["deny", "--version"])).is_err() {
        return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
    }
    passes(
        workspace,
        &[
            &["deny", "--all-features", "check", "--hide-inclusion-graph"],
            checks,
        ]
        .concat(),
    )
}

fn passes(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome> {
    show(&mut cargo(workspace, arguments))?;
    Ok(Outcome::Passed)
}
