//! Commands that run tests and benchmarks.

use anyhow::Result;

use crate::step::{Outcome, Step, passes, step};
use crate::trials::trial_step;
use crate::workspace::{Workspace, show};
use crate::{ci, new_vendor, tidy};

/// Returns the steps of everything that must hold; with `all`, also what takes long.
pub(crate) fn steps(all: bool) -> Vec<Step> {
    let mut steps = vec![
        step("servers for the tests", servers),
        step("tests and doctests", ci::tests),
        step("first steps with the command", |on: &Workspace| {
            passes(&mut on.program("sh", "crates/vendor-auth-cli/tests/first_steps.sh"))
        }),
        step("tidy", tidy::check),
        step("new-vendor", new_vendor::check),
        trial_step("mounted file", "gate mounted-file"),
        trial_step("dashboard", "gate dashboard"),
        trial_step("chaos", "gate chaos"),
        trial_step("crowd", "crowd --store file"),
        trial_step("outage", "gate outage"),
        trial_step("pool", "gate pool"),
    ];
    steps.extend(interop(all));
    steps.extend(all.then(|| step("storms of revocations", storms)));
    steps
}

/// Returns one case per server, or with `all` every treatment of refresh tokens.
pub(crate) fn interop(all: bool) -> Vec<Step> {
    let (one_each, every) = INTEROP.split_at(2);
    let cases = if all { every } else { one_each }.iter();
    let steps = cases.map(|(name, case)| trial_step(name, format!("interop {case}")));
    steps.collect()
}

const INTEROP: [(&str, &str); 7] = [
    ("interop oidc-provider", "oidc-provider"),
    ("interop django-oauth-toolkit", "django"),
    ("oidc-provider, reuse ends the grant", "oidc-provider"),
    ("oidc-provider, refresh tokens kept", "oidc-kept"),
    ("django-oauth-toolkit, reuse ends the grant", "django-full"),
    ("django-oauth-toolkit, reuse is refused", "django-open"),
    ("django-oauth-toolkit, refresh tokens kept", "django-kept"),
];

/// Revokes tokens at random for about a minute under each adapter.
fn storms(workspace: &Workspace) -> Result<Outcome> {
    let adapters = "--package token-reqwest --package token-tower --package token-ureq";
    let mut test = workspace.cargo(&format!("test --all-features {adapters} storm"));
    passes(test.env("STORM_REVOCATIONS", "600"))
}

/// Runs the comparison with published crates, which is a workspace of its own.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let bench = Workspace::at(&workspace.path("xtask/bench"));
    let target = bench.path("target");
    show(
        bench
            .cargo("build --release")
            .env("CARGO_TARGET_DIR", &target),
    )?;
    show(bench.program("target/release/bench", "").args(arguments))
}

/// Runs every other benchmark; each prints a table.
pub(crate) fn bench_parts(workspace: &Workspace) -> Result<()> {
    servers(workspace)?;
    show(&mut workspace.cargo("bench --workspace --all-features --bench *"))
}

/// Runs every property test on this number of cases.
pub(crate) fn fuzz(workspace: &Workspace, cases: u32) -> Result<()> {
    let mut test = workspace.cargo("test --release --package fuzzing");
    show(test.env("FUZZ_CASES", cases.to_string()))
}

/// Installs the servers that are missing.
fn servers(workspace: &Workspace) -> Result<Outcome> {
    passes(&mut workspace.cargo("run --quiet --package local-servers --example install"))
}
