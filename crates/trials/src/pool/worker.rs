//! One of the processes: a pool, and callers that ask for the tokens of random accounts.

mod callers;
mod reporting_client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;
use tokio::time::{MissedTickBehavior, interval};
use vendor_auth::cache::Drained;
use vendor_auth::{ReqwestClient, TokenPool};

use self::callers::Callers;
use self::reporting_client::ReportingClient;
use super::customer::Deployment;
use super::fault::Fault;
use super::protocol::{Assignment, Message, Report, Reporter, send};
use super::shared_store::SharedStore;
use crate::chaos::open_store;

/// A killed holder does not stop the others for long.
const LEASE: Duration = Duration::from_secs(5);
/// Longer than a store takes to acknowledge a token. A grant in doubt is not waited for.
const LONGEST_END: Duration = Duration::from_secs(12);
const BETWEEN_SWEEPS: Duration = Duration::from_secs(2);

/// Works until standard input ends.
///
/// # Errors
///
/// If its assignment makes no sense, or its store cannot be opened.
pub(crate) fn run(assignment: &str) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let assignment: Assignment = serde_json::from_str(assignment).context("no assignment")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(work(&assignment));
    // Blocking reads of standard input would keep it alive.
    runtime.shutdown_background();
    done
}

async fn work(assignment: &Assignment) -> Result<()> {
    let pool = pool(assignment, Reporter(send)).await?;
    pool.keep_fresh();
    let mut callers = Callers::start(&pool, assignment);
    let mut beat = interval(Duration::from_secs(1));
    // What is judged by the number of reports needs the time between them.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut input = tokio::io::stdin();
    let mut ended = Box::pin(async move { _ = input.read_to_end(&mut Vec::new()).await });
    loop {
        tokio::select! {
            _ = beat.tick() => send(&Message::Health(report(&pool, &callers))),
            () = &mut ended => break,
        }
    }
    callers.stop().await;
    let is_drained = pool.drain(LONGEST_END).await == Drained::Settled;
    send(&Message::Health(Report {
        is_drained,
        ..report(&pool, &callers)
    }));
    Ok(())
}

fn report(pool: &TokenPool, callers: &Callers) -> Report {
    let health = pool.health();
    Report {
        in_memory: health.in_memory,
        at_work: health.at_work,
        failing: health.failing,
        logins_needed: health.logins_needed,
        evicted: health.evicted,
        calls: callers.take_calls(),
        is_drained: false,
    }
}

/// Returns a pool over the shared store.
pub(super) async fn pool(assignment: &Assignment, reporter: Reporter) -> Result<TokenPool> {
    let vendor = Deployment::at(&assignment.vendor, assignment.incarnation)?;
    let fault = assignment.fault;
    let in_memory = match fault {
        Some(Fault::TwiceInMemory) => 2 * assignment.in_memory,
        _ => assignment.in_memory,
    };
    let client = ReportingClient {
        client: ReqwestClient::new()?,
        fault,
        reporter,
    };
    let store = SharedStore {
        store: open_store(assignment.store, &assignment.address).await?,
        fault,
        reporter,
    };
    let pool = TokenPool::builder(move |account| vendor.customer(account))
        .http_client(client)
        .store(store)
        .max_in_memory(in_memory)
        .sweep_interval(BETWEEN_SWEEPS)
        .lease_ttl(LEASE)
        .build()?;
    Ok(pool)
}
