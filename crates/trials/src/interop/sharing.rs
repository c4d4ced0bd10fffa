//! Two processes share a grant in one folder, with many tasks in each.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use vendor_auth::TokenCache;
use vendor_auth::cache::Drained;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::{Generation, Secret};

use super::caches::{WEB, cache_over};
use super::install::RefreshTokens;
use super::provider::{Provider, Ready};
use super::rotations::{self, Seen};
use super::waiting::{pace, shown};

const TASKS: usize = 50;
const SHOWING: usize = 2;
const SHOW_EVERY: Duration = Duration::from_millis(150);
const GENERATIONS: u64 = 6;
/// Longer than any exchange takes, and shorter than the rest after a doubt: no process is killed
/// here, so no outcome is in doubt.
const SLOWEST_CALL: Duration = Duration::from_secs(5);
const SETTLE: Duration = Duration::from_secs(10);

/// The assignment of a process. It holds a secret, so it goes through standard input.
#[derive(Clone, Deserialize, Serialize)]
struct Assignment {
    server: Ready,
    folder: PathBuf,
    refresh_token: String,
}

/// What a process saw.
#[derive(Deserialize, Serialize)]
struct Report {
    calls: u64,
    shown: u64,
    last_generation: u64,
    slowest_call: Duration,
    kept_refresh_token: bool,
}

/// Tests that there is one exchange per generation, whichever process made it; a process that
/// starts late adopts the token in the folder.
pub(super) async fn check(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let folder = provider.empty_folder("shared-grant")?;
    let first = provider.mint(WEB).await?;
    let assignment = Assignment {
        server: provider.ready().clone(),
        folder: folder.clone(),
        refresh_token: first.expose().to_owned(),
    };
    let (one, other) = tokio::try_join!(process(&assignment), process(&assignment))?;
    let last = one.last_generation.max(other.last_generation);
    let kept = provider.refresh_tokens() == RefreshTokens::Kept;
    let as_told = [&one, &other]
        .iter()
        .all(|report| report.kept_refresh_token == kept);
    ensure!(
        as_told,
        "the refresh token in hand is not the one that the server left"
    );

    let slowest = one.slowest_call.max(other.slowest_call);
    ensure!(
        slowest < SLOWEST_CALL,
        "a caller waited {} ms for a token",
        slowest.as_millis()
    );

    let late = comes_late(provider, &folder, first).await?;
    ensure!(
        late >= last,
        "generation {late} came to the late process, after {last}"
    );
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", late)])?;
    stats.revoked_grants(0)?;
    let (calls, shown) = (one.calls + other.calls, one.shown + other.shown);
    Ok(format!(
        "{late} exchanges for {late} tokens in 2 processes and a late one, {calls} calls, {shown} tokens shown to the server, slowest call {} ms",
        slowest.as_millis()
    ))
}

/// Starts late: the first refresh token was spent long ago on most servers, and must not be sent
/// again.
async fn comes_late(provider: &Provider, folder: &Path, first: Secret) -> Result<u64> {
    let tokens = cache_over(provider.endpoint(WEB)?, folder, first)?;
    tokens.token().await?;
    settled_at(&tokens).await
}

/// Starts a process and waits for its report.
async fn process(assignment: &Assignment) -> Result<Report> {
    let ourselves = std::env::current_exe().context("this program has no path")?;
    let mut child = Command::new(ourselves)
        .arg("interop-worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("a process did not start")?;
    let mut input = child.stdin.take().context("a process has no input")?;
    input.write_all(&serde_json::to_vec(assignment)?).await?;
    drop(input);
    let said = everything_of(&mut child).await?;
    serde_json::from_str(&said).with_context(|| format!("a process failed: {said}"))
}

async fn everything_of(child: &mut Child) -> Result<String> {
    let mut said = String::new();
    let mut output = child.stdout.take().context("a process has no output")?;
    output.read_to_string(&mut said).await?;
    child.wait().await?;
    Ok(said)
}

/// Runs one of the processes.
///
/// # Errors
///
/// If a caller got an expired token, an error, or a token that the server does not accept and no
/// newer one.
pub(crate) async fn work() -> Result<()> {
    let mut input = Vec::new();
    tokio::io::stdin().read_to_end(&mut input).await?;
    let assignment: Assignment = serde_json::from_slice(&input)?;
    let web = assignment.server.client_where(|client| client.id == WEB)?;
    let endpoint = assignment.server.describe(web).build()?;
    let first = Secret::from(assignment.refresh_token.as_str());
    let tokens = cache_over(endpoint.clone(), &assignment.folder, first.clone())?;
    let seen = crowd(&tokens, &endpoint).await?;
    let last_generation = settled_at(&tokens).await?;
    let token = tokens.token().await?;
    let refresh = token.refresh().context("the refresh token was dropped")?;
    let report = Report {
        calls: seen.calls,
        shown: seen.probes,
        last_generation,
        slowest_call: seen.slowest,
        kept_refresh_token: refresh.expose() == first.expose(),
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

async fn crowd(tokens: &TokenCache, endpoint: &OAuth2) -> Result<Seen> {
    let last = Generation::new(GENERATIONS);
    let mut crowd = JoinSet::new();
    for _ in 0..TASKS {
        crowd.spawn(rotations::caller(tokens.clone(), last));
    }
    for _ in 0..SHOWING {
        crowd.spawn(shows(tokens.clone(), endpoint.clone(), last));
    }
    let mut total = Seen::default();
    while let Some(seen) = crowd.join_next().await {
        total.add(&seen??);
    }
    Ok(total)
}

/// Presents the token to the server again and again.
async fn shows(tokens: TokenCache, endpoint: OAuth2, last: Generation) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut newest = Generation::default();
    let mut pace = pace(SHOW_EVERY);
    while newest < last {
        pace.tick().await;
        newest = shown(&tokens, &endpoint).await?;
        seen.probes += 1;
    }
    Ok(seen)
}

/// Returns the current generation once nothing is under way any more.
async fn settled_at(tokens: &TokenCache) -> Result<u64> {
    if tokens.drain(SETTLE).await != Drained::Settled {
        bail!("the cache did not settle");
    }
    let token = tokens.current().context("no token is left")?;
    Ok(token.generation().number())
}
