//! What a token costs, as ratios to rivals in the same run: a fresh one in memory, a refresh in
//! each store, an error's scrubbing.

use anyhow::Result;

use crate::command::{cargo, show};
use crate::servers;
use crate::workspace::Workspace;

/// The crates that have benchmarks, the benchmark, and what it is measured against.
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
/// Where a server is missing and may not be installed, or a benchmark finds its limit passed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    servers::step(workspace)?;
    for (package, bench, rival) in BENCHES {
        println!("\n{package}, against {rival}");
        show(&mut cargo(
            workspace,
            &[
                "bench",
                "--quiet",
                "--package",
                package,
                "--all-features",
                "--bench",
                bench,
            ],
        ))?;
    }
    Ok(())
}
