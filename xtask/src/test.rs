//! Commands that run tests and benchmarks.

use anyhow::Result;

use crate::step::{Outcome, Step, passes, step};
use crate::trials::trial_step;
use crate::workspace::{Workspace, show};
use crate::{ci, new_vendor, tidy};

/// Returns the steps of everything that must hold.
pub(crate) fn steps() -> Vec<Step> {
    let mut steps = vec![
        step("servers for the tests", servers),
        step("tests and doctests", ci::tests),
        step("tidy", tidy::check),
        step("new-vendor", new_vendor::check),
        trial_step("mounted file", "gate mounted-file"),
        trial_step("dashboard", "gate dashboard"),
        trial_step("chaos", "gate chaos"),
        trial_step("crowd", "crowd --store file"),
        trial_step("outage", "gate outage"),
    ];
    steps.extend(interop());
    steps
}

/// Returns one case per server.
pub(crate) fn interop() -> Vec<Step> {
    vec![
        interop_step("interop oidc-provider", "oidc-provider"),
        interop_step("interop django-oauth-toolkit", "django"),
    ]
}

/// Returns every server with every treatment of refresh tokens.
pub(crate) fn interop_all() -> Vec<Step> {
    vec![
        interop_step("oidc-provider, reuse ends the grant", "oidc-provider"),
        interop_step("oidc-provider, refresh tokens kept", "oidc-kept"),
        interop_step("django-oauth-toolkit, reuse ends the grant", "django-full"),
        interop_step("django-oauth-toolkit, reuse is refused", "django-open"),
        interop_step("django-oauth-toolkit, refresh tokens kept", "django-kept"),
    ]
}

fn interop_step(name: &'static str, case: &str) -> Step {
    trial_step(name, format!("interop {case}"))
}

/// A package with a benchmark, the benchmark, and its rival.
const BENCHES: [(&str, &str, &str); 7] = [
    ("token-core", "scrub", "a copy of the secrets"),
    ("token-cache", "token", "locks as people write them by hand"),
    ("token-reqwest", "execute", "a header put on by hand"),
    ("token-file", "file_store", "one write with fsync"),
    ("token-redis", "refresh", "a bare SET and GET"),
    ("token-postgres", "refresh", "a bare transaction of one row"),
    ("vendor-auth", "durable", "one write with fsync"),
];

/// Runs every benchmark and prints its table.
pub(crate) fn bench(workspace: &Workspace) -> Result<()> {
    servers(workspace)?;
    for (package, bench, rival) in BENCHES {
        println!("\n{package}, against {rival}");
        let run = format!("bench --quiet --all-features --package {package} --bench {bench}");
        show(&mut workspace.cargo(&run))?;
    }
    Ok(())
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
