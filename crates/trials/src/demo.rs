//! Shows that the claims hold: five simulated vendors on loopback, real exchanges, time moved by
//! hand.
//!
//! A claim is judged by the vendor's own journal and by what callers got, never by what the cache
//! says of itself.

mod callers;
mod claim;
mod crowd;
mod dead_grant;
mod early_refresh;
mod life;
mod login;
mod outage;
mod output;
mod scene;
mod secrets;
mod table;
mod timeline;
mod unauthorized;
mod vault;
mod wire;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use token_core::Timestamp;
use token_sim::Outcome;

use crate::folders;
use claim::{Claim, Finding};
use life::{Attempt, End, Life};
use output::Output;
use scene::{Endpoint, Scene};
use table::Row;

/// The longest that one claim may take at one endpoint, in the machine's time.
const LONGEST: Duration = Duration::from_secs(20);

/// What came of one endpoint before the search for secrets.
struct Act {
    endpoint: Endpoint,
    findings: Vec<Finding>,
    secrets: Vec<String>,
    svg: String,
}

/// Puts every claim to the test at every endpoint.
///
/// # Errors
///
/// Where a claim is not met; it says which.
pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(play(&folders::target("demo")?))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the demo took is for people to read"
)]
async fn play(folder: &Path) -> Result<()> {
    let begun = Instant::now();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut output = Output::of(Endpoint::ALL.len() * Claim::ALL.len());
    let mut acts = Vec::new();
    for endpoint in Endpoint::ALL {
        acts.push(act(endpoint, &mut output).await);
    }
    output.say("\nNo secret in all that was printed, logged and drawn");
    for act in &mut acts {
        search(act, &mut output);
    }
    output.finish();
    let secrets: Vec<String> = acts.iter().flat_map(|act| act.secrets.clone()).collect();
    let drawn: Vec<_> = acts
        .iter()
        .map(|act| (act.endpoint.slug(), act.svg.clone()))
        .collect();
    let rows: Vec<Row> = acts.into_iter().map(Row::from).collect();
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

async fn act(endpoint: Endpoint, output: &mut Output) -> Act {
    output.say(&format!("\n{}", endpoint.name()));
    let mut scene = match endpoint.set().await {
        Ok(scene) => scene,
        Err(error) => return Act::failed(endpoint, &format!("{error:#}")),
    };
    let mut findings = Vec::new();
    for claim in Claim::ALL {
        output.begin(&format!("{}: {}", endpoint.name(), claim.title()));
        let finding = stage(claim, &mut scene).await;
        if claim != Claim::NoSecret {
            tell(&finding, output);
        }
        findings.push(finding);
        scene.shown.drain(..).for_each(|shown| output.note(&shown));
    }
    output.note_debug(&scene.tokens);
    output.note_debug(&scene.endpoint);
    output.note_debug(&scene.wire);
    Act {
        endpoint,
        findings,
        secrets: scene.vault.secrets(),
        svg: timeline::draw(endpoint.name(), &scene.life),
    }
}

/// Puts one claim to the test. What cannot be measured is not met.
async fn stage(claim: Claim, scene: &mut Scene) -> Finding {
    let measured = async {
        scene.sim().clear_faults();
        scene.sim().accept_connections().await?;
        match claim {
            Claim::FirstToken => login::run(scene).await,
            Claim::OneExchange => callers::run(scene).await,
            Claim::EarlyRefresh => early_refresh::run(scene).await,
            Claim::Outage => outage::run(scene).await,
            Claim::Unauthorized => unauthorized::run(scene).await,
            Claim::DeadGrant => dead_grant::run(scene).await,
            Claim::NoSecret => {
                scene.life.attempts = attempts(scene);
                secrets::provoke(scene).await
            }
        }
    };
    match tokio::time::timeout(LONGEST, measured).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(error)) => Finding::failed(claim, format!("{error:#}")),
        Err(_) => Finding::failed(claim, format!("not over after {} s", LONGEST.as_secs())),
    }
}

fn search(act: &mut Act, output: &mut Output) {
    let Some(finding) = act
        .findings
        .iter_mut()
        .find(|finding| finding.claim == Claim::NoSecret)
    else {
        return;
    };
    secrets::look(finding, &act.secrets, &[output.transcript(), &act.svg]);
    output.begin(act.endpoint.name());
    tell(finding, output);
}

fn tell(finding: &Finding, output: &mut Output) {
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

/// What the vendor saw of requests for a token, and what never reached it.
fn attempts(scene: &Scene) -> Vec<Attempt> {
    let seen = scene.sim().exchanges().into_iter().map(|exchange| Attempt {
        at: Timestamp::from_unix_millis(exchange.at_ms),
        end: match exchange.outcome {
            Outcome::Issued { .. } | Outcome::Repeated { .. } => End::Token,
            Outcome::Refused { .. } => End::Refused,
            _ => End::NoAnswer,
        },
    });
    let unseen = scene.wire.sent().into_iter().filter(|sent| !sent.answered);
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

impl Act {
    fn failed(endpoint: Endpoint, why: &str) -> Self {
        Self {
            endpoint,
            findings: Claim::ALL
                .map(|claim| Finding::failed(claim, why.to_owned()))
                .into(),
            secrets: Vec::new(),
            svg: timeline::draw(
                endpoint.name(),
                &Life::begun(Timestamp::from_unix_seconds(0)),
            ),
        }
    }
}

impl From<Act> for Row {
    fn from(act: Act) -> Self {
        Self {
            endpoint: act.endpoint.name(),
            findings: act.findings,
        }
    }
}
