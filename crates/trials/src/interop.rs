//! `oauth2-refresh` under `TokenCache` against servers that are not ours: npm's certified
//! `oidc-provider` and PyPI's `django-oauth-toolkit`, in real time.
//!
//! A simulator of our own shares our misreadings; these servers do not.
//! `crates/trials/interop/README.md` describes their options.

mod caches;
mod clients;
mod control;
mod endings;
mod install;
mod outage;
mod plan;
mod provider;
mod questions;
mod report;
mod rotations;
mod sharing;
mod waiting;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use self::install::{Installed, Launch, install};
use self::plan::Plan;
use self::provider::Provider;
use self::report::{Check, Report};
use crate::Outcome;

/// A server and its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    OidcProvider,
    OidcKept,
    /// Only the claims in which it may differ from `oidc-provider`.
    Django,
    DjangoFull,
    DjangoOpen,
    DjangoKept,
}

/// Runs one of the processes that share a grant.
///
/// # Errors
///
/// If it saw something that must not happen.
pub(crate) fn work() -> Result<()> {
    runtime()?.block_on(sharing::work())
}

/// Installs a server, tests it, and prints which claims are met.
///
/// # Errors
///
/// If a claim is not met, or the server cannot be installed or started.
pub(crate) fn run(case: Case) -> Result<Outcome> {
    let plan = case.plan();
    let launch = match install(plan.setup.server)? {
        Installed::Ready(launch) => launch,
        Installed::Missing(reason) => return Ok(Outcome::Skipped(reason)),
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
        let last = Check::new(
            "the server stops and comes back",
            outage::check(&mut provider),
        );
        report.add(last).await;
    }
    Ok(report)
}

impl Case {
    fn plan(self) -> &'static Plan {
        match self {
            Self::OidcProvider => &plan::OIDC_PROVIDER,
            Self::OidcKept => &plan::OIDC_PROVIDER_KEEPING,
            Self::Django => &plan::DJANGO,
            Self::DjangoFull => &plan::DJANGO_IN_FULL,
            Self::DjangoOpen => &plan::DJANGO_UNPROTECTED,
            Self::DjangoKept => &plan::DJANGO_KEEPING,
        }
    }
}
