//! Shows that the claims hold: five simulated vendors on loopback, real exchanges, and time that is
//! advanced by the test.
//!
//! A claim is judged by the vendor's own journal and by what callers got, never by what the cache
//! reports about itself.

mod callers;
mod claim;
mod crowd;
mod early_refresh;
mod history;
pub(crate) mod known_secrets;
mod login;
mod outage;
mod output;
pub(crate) mod recording_client;
mod revoked_grant;
pub(crate) mod secrets;
mod setup;
mod table;
mod timeline;
mod unauthorized;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use token_core::Timestamp;
use token_sim::Outcome;

use crate::machine;
use claim::{Claim, Finding};
use history::{Attempt, End, GrantHistory};
use output::Output;
use setup::{Endpoint, Setup};
use table::Row;

/// The longest time that one claim may take at one endpoint, in real time.
const LONGEST: Duration = Duration::from_secs(20);

/// The results of one endpoint before the search for secrets.
struct EndpointRun {
    endpoint: Endpoint,
    findings: Vec<Finding>,
    secrets: Vec<String>,
    svg: String,
}

/// Tests every claim at every endpoint.
///
/// # Errors
///
/// If a claim is not met; the error says which.
pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run_in(&machine::target("demo")?))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the demo took is for people to read"
)]
async fn run_in(folder: &Path) -> Result<()> {
    let begun = Instant::now();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be created", folder.display()))?;
    let mut output = Output::of(Endpoint::ALL.len() * Claim::ALL.len());
    let mut runs = Vec::new();
    for endpoint in Endpoint::ALL {
        runs.push(run_endpoint(endpoint, &mut output).await);
    }
    output.say("\nNo secret in all that was printed, logged and drawn");
    for run in &mut runs {
        search(run, &mut output);
    }
    output.finish();
    let secrets: Vec<String> = runs.iter().flat_map(|run| run.secrets.clone()).collect();
    let drawn: Vec<_> = runs
        .iter()
        .map(|run| (run.endpoint.slug(), run.svg.clone()))
        .collect();
    let rows: Vec<Row> = runs.into_iter().map(Row::from).collect();
    output.say(&format!("\n{}\n", table::table(&rows)));
    output.say(&format!(
        "{} ({:.1} s)",
        table::totals(&rows),
        begun.elapsed().as_secs_f64()
    ));
    write(folder, &drawn, &mut output)?;
    table::verdict(&rows)?;
    if secrets::Pieces::of(&secrets).found_in(output.transcript()) > 0 {
        bail!("not met: a secret is in the table");
    }
    Ok(())
}

async fn run_endpoint(endpoint: Endpoint, output: &mut Output) -> EndpointRun {
    output.say(&format!("\n{}", endpoint.name()));
    let mut setup = match endpoint.create().await {
        Ok(setup) => setup,
        Err(error) => return EndpointRun::failed(endpoint, &format!("{error:#}")),
    };
    let mut findings = Vec::new();
    for claim in Claim::ALL {
        output.begin(&format!("{}: {}", endpoint.name(), claim.title()));
        let finding = measure(claim, &mut setup).await;
        if claim != Claim::NoSecret {
            print_finding(&finding, output);
        }
        findings.push(finding);
        setup.shown.drain(..).for_each(|shown| output.note(&shown));
    }
    output.note_debug(&setup.tokens);
    output.note_debug(&setup.endpoint);
    output.note_debug(&setup.client);
    EndpointRun {
        endpoint,
        findings,
        secrets: setup.known_secrets.secrets(),
        svg: timeline::draw(endpoint.name(), &setup.history),
    }
}

/// Tests one claim. A claim that cannot be measured is not met.
async fn measure(claim: Claim, setup: &mut Setup) -> Finding {
    let measured = async {
        setup.sim().clear_faults();
        setup.sim().accept_connections().await?;
        match claim {
            Claim::FirstToken => login::run(setup).await,
            Claim::OneExchange => callers::run(setup).await,
            Claim::EarlyRefresh => early_refresh::run(setup).await,
            Claim::Outage => outage::run(setup).await,
            Claim::Unauthorized => unauthorized::run(setup).await,
            Claim::RevokedGrant => revoked_grant::run(setup).await,
            Claim::NoSecret => {
                setup.history.attempts = attempts(setup);
                secrets::provoke(setup).await
            }
        }
    };
    match tokio::time::timeout(LONGEST, measured).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(error)) => Finding::failed(claim, format!("{error:#}")),
        Err(_) => Finding::failed(claim, format!("not over after {} s", LONGEST.as_secs())),
    }
}

fn search(run: &mut EndpointRun, output: &mut Output) {
    let Some(finding) = run
        .findings
        .iter_mut()
        .find(|finding| finding.claim == Claim::NoSecret)
    else {
        return;
    };
    secrets::look(finding, &run.secrets, &[output.transcript(), &run.svg]);
    output.begin(run.endpoint.name());
    print_finding(finding, output);
}

fn print_finding(finding: &Finding, output: &mut Output) {
    let verdict = if finding.is_met() {
        "met    "
    } else {
        "NOT MET"
    };
    let title = finding.claim.title();
    output.done(&format!("{verdict}  {title:<13}  {}", finding.measured()));
    for unmet in finding.unmet() {
        output.say(&format!("                 not met: {unmet}"));
    }
}

/// Returns the requests for a token that the vendor saw, and those that never reached it.
fn attempts(setup: &Setup) -> Vec<Attempt> {
    let seen = setup.sim().exchanges().into_iter().map(|exchange| Attempt {
        at: Timestamp::from_unix_millis(exchange.at_ms),
        end: match exchange.outcome {
            Outcome::Issued { .. } | Outcome::Repeated { .. } => End::Token,
            Outcome::Refused { .. } => End::Refused,
            _ => End::NoAnswer,
        },
    });
    let unseen = setup
        .client
        .sent()
        .into_iter()
        .filter(|sent| !sent.answered);
    let unseen = unseen.map(|sent| Attempt {
        at: sent.at,
        end: End::NoAnswer,
    });
    seen.chain(unseen).collect()
}

fn write(folder: &Path, drawn: &[(String, String)], output: &mut Output) -> Result<()> {
    for (slug, svg) in drawn {
        let path = folder.join(format!("{slug}.svg"));
        std::fs::write(&path, svg)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        output.say(&format!("timeline: {}", path.display()));
    }
    let path = folder.join("demo.log");
    output.say(&format!("log:      {}", path.display()));
    std::fs::write(&path, output.transcript())
        .with_context(|| format!("{} cannot be written", path.display()))
}

impl EndpointRun {
    fn failed(endpoint: Endpoint, why: &str) -> Self {
        Self {
            endpoint,
            findings: Claim::ALL
                .map(|claim| Finding::failed(claim, why.to_owned()))
                .into(),
            secrets: Vec::new(),
            svg: timeline::draw(
                endpoint.name(),
                &GrantHistory::begun(Timestamp::from_unix_seconds(0)),
            ),
        }
    }
}

impl From<EndpointRun> for Row {
    fn from(run: EndpointRun) -> Self {
        Self {
            endpoint: run.endpoint.name(),
            findings: run.findings,
        }
    }
}
