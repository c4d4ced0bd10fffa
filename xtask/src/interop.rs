//! `oauth2-refresh` under `TokenCache` against a server that is not ours: npm's certified `oidc-provider`, in real time.
//!
//! A simulator of our own shares our misreadings; this server does not. What it is started with is told in `xtask/interop/README.md`.

mod caches;
mod clients;
mod control;
mod endings;
mod install;
mod outage;
mod provider;
mod questions;
mod report;
mod rotations;
mod waiting;

use std::path::Path;

use anyhow::{Context as _, Result};

use self::provider::Provider;
use self::report::{Check, Report};
use crate::step::{Outcome, Step, run_all};
use crate::workspace::Workspace;

/// Runs it as a command of its own.
///
/// # Errors
///
/// Where a claim is not met.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    run_all(
        workspace,
        &[Step {
            name: "interop",
            run: step,
        }],
    )
}

/// Installs the server, meets it, and prints which claims are met.
///
/// # Errors
///
/// Where a claim is not met, or the server could not be installed or started.
pub(crate) fn step(workspace: &Workspace) -> Result<Outcome> {
    if let Some(reason) = install::missing(workspace) {
        return Outcome::skipped(reason);
    }
    let folder = install::install(workspace)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime could be started")?;
    let report = runtime.block_on(meet(&folder))?;
    println!("\n{}", report.table());
    report.verdict()?;
    Ok(Outcome::Passed)
}

async fn meet(folder: &Path) -> Result<Report> {
    let mut provider = Provider::start(folder).await?;
    let checks = checks(&provider);
    let mut report = Report::of(checks.len() + 1);
    for check in checks {
        report.add(check).await;
    }
    let last = Check::new("the server stops and comes back", outage::check(&mut provider));
    report.add(last).await;
    Ok(report)
}

fn checks(it: &Provider) -> Vec<Check<'_>> {
    vec![
        Check::new(
            "1,000 callers stay fresh through 20 rotations",
            rotations::check(it),
        ),
        Check::new("a reused token ends the whole grant", endings::reused(it)),
        Check::new("a revoked grant is told once", endings::revoked(it)),
        Check::new("a new login follows a dead grant", endings::new_login(it)),
        Check::new("a wrong secret spends nothing", endings::wrong_secret(it)),
        Check::new("a wider scope is refused, and spends nothing", endings::wider(it)),
        Check::new("an id and a secret that need escaping", clients::awkward(it)),
        Check::new("client_secret_post", clients::post(it)),
        Check::new("a public client redeems a code with PKCE", clients::public(it)),
        Check::new("a code works once, with its verifier", clients::code_once(it)),
        Check::new("client credentials log in again", clients::m2m(it)),
        Check::new(
            "introspection agrees and spends nothing",
            questions::introspected(it),
        ),
        Check::new("logging out revokes the grant", questions::logged_out(it)),
    ]
}
