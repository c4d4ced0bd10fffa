//! Faults on purpose, each in a run of few seconds: a judge that sees none of them proves nothing.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum as _;
use tokio::task::JoinSet;

use super::fault::Fault;
use super::judge::said;
use super::options::Options;
use super::run::{Outcome, Progress, Run};
use crate::chaos::{StoreKind, machine_us};

/// Runs each fault with few accounts, and once without any, all at the same time.
///
/// # Errors
///
/// If one was not detected, or something was found in the run without a fault.
pub(super) async fn detect_all(folder: &Path) -> Result<()> {
    let mut runs = JoinSet::new();
    let faults = Fault::value_variants().iter().copied().map(Some);
    for fault in faults.chain([None]) {
        let options = options(fault);
        let folder = folder.join(options.fault_name());
        std::fs::create_dir(&folder).context("a folder cannot be made")?;
        runs.spawn(async move { (fault, run(&folder, &options).await) });
    }
    while let Some(ended) = runs.join_next().await {
        let (fault, outcome) = ended?;
        println!("{}", judge(fault, outcome)?);
    }
    Ok(())
}

async fn run(folder: &Path, options: &Options) -> Result<Outcome> {
    let seed = machine_us().unsigned_abs();
    let mut run = Run::prepare(folder, options, seed).await?;
    run.seed().await?;
    run.kill_and_judge(Progress::Hidden).await
}

/// Returns a line for people to read.
fn judge(fault: Option<Fault>, outcome: Result<Outcome>) -> Result<String> {
    let name = options(fault).fault_name();
    let Some(fault) = fault else {
        let verdict = outcome.context("without a fault")?.verdict;
        ensure!(
            verdict.outlived > 0,
            "without a fault, no grant was in danger"
        );
        let (kept, outlived) = (verdict.kept, verdict.outlived);
        return Ok(format!(
            "  {name:<16} {kept} kept, {outlived} past their first end"
        ));
    };
    let error = detected(fault, outcome)?;
    let first = error.split(said::BETWEEN_ACCOUNTS).next();
    Ok(format!(
        "  {name:<16} detected: {}",
        first.unwrap_or_default()
    ))
}

/// Returns what the judge said of a run with this fault.
///
/// # Errors
///
/// If that is nothing, or has nothing to do with the fault.
pub(super) fn detected(fault: Fault, outcome: Result<Outcome>) -> Result<String> {
    let name = options(Some(fault)).fault_name();
    let Err(error) = outcome else {
        bail!("the fault `{name}` was not detected");
    };
    let error = format!("{error:#}");
    ensure!(
        said_of(fault).iter().any(|said| error.contains(said)),
        "the fault `{name}` was not detected, but this was: {error}"
    );
    Ok(error)
}

/// Returns what the judge has to say of a fault.
fn said_of(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::NoLease | Fault::SendsTwice => &[said::USED_AGAIN],
        // Whether another process comes after the kill, or the end of the run.
        Fault::NoIntent => &[said::USED_AGAIN, said::NOT_DECLARED],
        Fault::DueSkips => &[said::HAS_ENDED],
        Fault::StoresNothing => &[said::ACKNOWLEDGED],
        // Whether a kill or another process comes first.
        Fault::StoresLate => &[said::ACKNOWLEDGED, said::USED_AGAIN],
        Fault::TwiceInMemory => &[said::IN_MEMORY],
    }
}

/// Returns whether a fault needs no kills to be seen. Then the same run without it must be held, so
/// that it is the fault alone that is seen.
fn is_seen_without_kills(fault: Fault) -> bool {
    use Fault::{DueSkips, SendsTwice, TwiceInMemory};
    matches!(fault, DueSkips | SendsTwice | TwiceInMemory)
}

/// All runs share a machine that may be slow. So there are few exchanges a second, and where no
/// kill excuses a late refresh, there is time for one on a slow machine.
fn options(fault: Option<Fault>) -> Options {
    let no_kills = fault.is_none_or(is_seen_without_kills);
    let (accounts, rate, spare) = match no_kills {
        true => (40, 5, 25),
        false => (100, 25, 75),
    };
    Options {
        store: StoreKind::File,
        accounts,
        seconds: 45,
        rate,
        calls: 50,
        processes: 2,
        seed: None,
        shortest_life: 4,
        spare,
        no_kills,
        fault,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Result, anyhow};

    use super::detected;
    use crate::pool::fault::Fault;
    use crate::pool::judge::said;

    fn fails_with(error: &str) -> Result<String> {
        detected(Fault::DueSkips, Err(anyhow!("{error}")))
    }

    #[test]
    fn a_run_with_a_fault_passes_only_if_the_judge_says_what_belongs_to_it() {
        let found = fails_with(said::HAS_ENDED);
        assert_eq!(found.ok().as_deref(), Some(said::HAS_ENDED));
        let other = fails_with(said::USED_AGAIN).unwrap_err();
        assert!(other.to_string().contains("but this was"), "{other}");
    }
}
