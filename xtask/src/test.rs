//! Commands that run tests and benchmarks.

use anyhow::Result;

use crate::command::{cargo, show};
use crate::step::{Outcome, Step};
use crate::workspace::Workspace;
use crate::{ci, new_vendor, tidy, trials};

/// Everything that must hold.
pub(crate) const STEPS: [Step; 10] = [
    Step::new("servers for the tests", servers),
    Step::new("tests and doctests", ci::tests),
    Step::new("tidy", tidy::step),
    Step::new("new-vendor", new_vendor::check),
    Step::new("mounted file", |w| {
        trials::step(w, &["gate", "mounted-file"])
    }),
    Step::new("chaos", |w| trials::step(w, &["gate", "chaos"])),
    Step::new("crowd", |w| trials::step(w, &["crowd", "--store", "file"])),
    Step::new("outage", |w| trials::step(w, &["gate", "outage"])),
    trials::INTEROP[0],
    trials::INTEROP[1],
];

/// A package with a benchmark, the benchmark, and its rival.
const BENCHES: [(&str, &str, &str); 6] = [
    ("token-core", "scrub", "a copy of the secrets"),
    (
        "token-cache",
        "token",
        "locks around a token, as people write them by hand",
    ),
    (
        "token-file",
        "file_store",
        "one write with fsync on the same disk",
    ),
    ("token-redis", "refresh", "a bare SET and GET"),
    ("token-postgres", "refresh", "a bare transaction of one row"),
    (
        "vendor-auth",
        "durable",
        "one write with fsync on the same disk",
    ),
];

/// Runs every benchmark and prints its table.
///
/// # Errors
///
/// If a server is missing and cannot be installed, or a benchmark exceeds its limit.
pub(crate) fn bench(workspace: &Workspace) -> Result<()> {
    servers(workspace)?;
    for (package, bench, rival) in BENCHES {
        println!("\n{package}, against {rival}");
        let arguments = [
            "bench",
            "--quiet",
            "--all-features",
            "--package",
            package,
            "--bench",
            bench,
        ];
        show(&mut cargo(workspace, &arguments))?;
    }
    Ok(())
}

/// Runs every property test on this number of cases.
///
/// # Errors
///
/// If a property does not hold; the output shows the smallest case.
pub(crate) fn fuzz(workspace: &Workspace, cases: u32) -> Result<()> {
    let mut command = cargo(workspace, &["test", "--release", "--package", "fuzzing"]);
    show(command.env("FUZZ_CASES", cases.to_string()))
}

/// Installs Redis, PostgreSQL and PgBouncer if they are missing.
fn servers(workspace: &Workspace) -> Result<Outcome> {
    let arguments = [
        "run",
        "--quiet",
        "--package",
        "local-servers",
        "--example",
        "install",
    ];
    show(&mut cargo(workspace, &arguments))?;
    Ok(Outcome::Passed)
}
