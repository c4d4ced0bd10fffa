//! `oauth2-refresh` under `TokenCache` against servers that are not ours: npm's certified `oidc-provider` and PyPI's
//! `django-oauth-toolkit`, in real time.
//!
//! A simulator of our own shares our misreadings; these servers do not. What they are started with is told in `xtask/interop/README.md`.

mod caches;
mod clients;
mod control;
mod endings;
mod install;
mod kept;
mod outage;
mod plan;
mod provider;
mod questions;
mod report;
mod rotations;
mod setup;
mod sharing;
mod waiting;

use anyhow::{Context as _, Result};

use self::install::{Installed, Launch, install};
use self::plan::Plan;
use self::provider::Provider;
use self::report::{Check, Report};
use crate::step::{Outcome, Step, run_all};
use crate::workspace::Workspace;

/// What the command may be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Every server with every way of treating refresh tokens; without it one case per server, as `cargo xtask test` runs them.
    #[arg(long)]
    all: bool,
}

/// One case per server.
pub(crate) const GATE: [Step; 2] = [
    Step {
        name: "interop oidc-provider",
        run: |workspace| step(workspace, &plan::OIDC_PROVIDER),
    },
    Step {
        name: "interop django-oauth-toolkit",
        run: |workspace| step(workspace, &plan::DJANGO),
    },
];

const ALL: [Step; 5] = [
    Step {
        name: "oidc-provider, reuse ends the grant",
        run: |workspace| step(workspace, &plan::OIDC_PROVIDER),
    },
    Step {
        name: "oidc-provider, refresh tokens kept",
        run: |workspace| step(workspace, &plan::OIDC_PROVIDER_KEEPING),
    },
    Step {
        name: "django-oauth-toolkit, reuse ends the grant",
        run: |workspace| step(workspace, &plan::DJANGO_IN_FULL),
    },
    Step {
        name: "django-oauth-toolkit, reuse is refused",
        run: |workspace| step(workspace, &plan::DJANGO_UNPROTECTED),
    },
    Step {
        name: "django-oauth-toolkit, refresh tokens kept",
        run: |workspace| step(workspace, &plan::DJANGO_KEEPING),
    },
];

/// Runs it as a command of its own.
///
/// # Errors
///
/// Where a claim is not met.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.all {
        run_all(workspace, &ALL)
    } else {
        run_all(workspace, &GATE)
    }
}

/// One of the processes that share a grant.
///
/// # Errors
///
/// Where what it saw must not be.
pub(crate) fn work() -> Result<()> {
    runtime()?.block_on(sharing::work())
}

/// Installs a server, meets it, and prints which claims are met.
///
/// # Errors
///
/// Where a claim is not met, or the server could not be installed or started.
fn step(workspace: &Workspace, plan: &Plan) -> Result<Outcome> {
    let launch = match install(workspace, plan.setup.server)? {
        Installed::Ready(launch) => launch,
        Installed::Missing(reason) => return Outcome::skipped(reason),
    };
    let report = runtime()?.block_on(meet(launch, plan))?;
    println!("\n{}", report.table());
    report.verdict()?;
    Ok(Outcome::Passed)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime could be started")
}

async fn meet(launch: Launch, plan: &Plan) -> Result<Report> {
    let mut provider = Provider::start(launch, plan.setup).await?;
    let checks = plan.checks(&provider);
    let mut report = Report::of(checks.len() + usize::from(plan.ends_with_an_outage));
    for check in checks {
        report.add(check).await;
    }
    if plan.ends_with_an_outage {
        let last = Check::new("the server stops and comes back", outage::check(&mut provider));
        report.add(last).await;
    }
    Ok(report)
}
