//! A run: the vendor, the store and the processes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::task::JoinSet;
use vendor_auth::TokenPool;
use vendor_auth::cache::{Drained, SystemClock};
use vendor_auth::types::Clock as _;
use vendor_auth::types::store::TokenStore;

use super::customer::{first_token, key, name};
use super::judge::{Judge, Stored, said};
use super::ledger::Ledger;
use super::options::{Options, REFRESHED_AFTER};
use super::protocol::{Assignment, Reporter};
use super::vendor::{Vendor, now};
use super::verdict::Verdict;
use super::worker;
use super::workers::Workers;
use crate::chaos::{Random, StoreFixture, open_store};

/// How many accounts are written or read at once.
const AT_ONCE: usize = 32;
/// All tokens of the beginning are in the store after this long.
const LONGEST_SEEDING: Duration = Duration::from_secs(60);

/// The vendor, the store and the processes.
pub(super) struct Run {
    options: Options,
    vendor: Vendor,
    /// Stops when it is dropped.
    #[expect(dead_code, reason = "it is a server, which lives as long as this")]
    fixture: StoreFixture,
    assignment: Assignment,
    random: Random,
}

/// Whether a run shows how the processes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Shown,
    Hidden,
}

/// What a run came to.
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) workers: Workers,
    pub(super) took: Duration,
}

impl Run {
    /// Starts the vendor and an empty store.
    pub(super) async fn prepare(folder: &Path, options: &Options, seed: u64) -> Result<Self> {
        let life = options.life();
        let ledger = Ledger::new(options.accounts, options.spare(), now());
        let vendor = Vendor::new(ledger, life, options.latency());
        let fixture = StoreFixture::prepare(options.store, folder).await?;
        let assignment = Assignment {
            incarnation: 0,
            store: options.store,
            address: fixture.address(),
            vendor: vendor.listen().await?,
            accounts: options.accounts,
            in_memory: options.in_memory(),
            calls: options.calls,
            seed,
            fault: options.fault,
        };
        Ok(Self {
            options: options.clone(),
            vendor,
            fixture,
            assignment,
            random: Random::from_seed(seed),
        })
    }

    /// Puts a grant for each account into the store. Their tokens fall due evenly over one life.
    pub(super) async fn seed(&mut self) -> Result<Duration> {
        let begun = now();
        let assignment = Assignment {
            fault: None,
            ..self.assignment.clone()
        };
        let pool = worker::pool(&assignment, Reporter(|_| {})).await?;
        let mut seeding = JoinSet::new();
        for account in 0..self.options.accounts {
            if seeding.len() >= AT_ONCE {
                seeding
                    .join_next()
                    .await
                    .context("nothing to wait for")???;
            }
            let life = self.first_life(account, begun);
            seeding.spawn(begin(pool.clone(), self.vendor.clone(), account, life));
        }
        while let Some(seeded) = seeding.join_next().await {
            seeded??;
        }
        ensure!(
            pool.drain(LONGEST_SEEDING).await == Drained::Settled,
            "not all first tokens are in the store"
        );
        Ok(begun.elapsed())
    }

    /// Returns the life of a first token, so that refreshes fall due evenly over one period once
    /// the processes start. `account` is the next one since `begun`.
    fn first_life(&mut self, account: usize, begun: Instant) -> Duration {
        let written = u32::try_from(account + 1).unwrap_or(u32::MAX);
        let left = u32::try_from(self.options.accounts - account).unwrap_or(u32::MAX);
        let until_start = begun.elapsed() / written * left;
        let part = u32::try_from(self.random.between(0, 1000)).unwrap_or(0);
        self.options.shortest_life()
            + until_start * 100 / REFRESHED_AFTER
            + self.vendor.life * part / 1000
    }

    /// Kills processes at random, and judges what is left.
    pub(super) async fn kill_and_judge(mut self, progress: Progress) -> Result<Outcome> {
        let begun = now();
        let mut workers = Workers::start(self.assignment.clone(), self.options.processes)?;
        self.kill(&mut workers, progress).await?;
        // What ends from here on is nobody's fault.
        let stopped_at = now();
        workers.end().await?;
        let stored = self.stored().await?;
        let ledger = self.vendor.ledger();
        let judge = Judge {
            ledger: &ledger,
            journal: &workers.journal,
            killed: &workers.killed,
            stopped_at,
        };
        let verdict = judge.all(&stored)?;
        judge_seen(&workers, &ledger)?;
        drop(ledger);
        Ok(Outcome {
            verdict,
            workers,
            took: begun.elapsed(),
        })
    }

    async fn kill(&mut self, workers: &mut Workers, progress: Progress) -> Result<()> {
        let begun = now();
        let until = begun + Duration::from_secs(self.options.seconds);
        loop {
            if progress == Progress::Shown {
                println!("  {:>4} s  {}", begun.elapsed().as_secs(), workers.line());
            }
            let pause = Duration::from_millis(self.random.between(2_000, 9_000));
            let left = until.saturating_duration_since(now());
            workers.listen_for(pause.min(left)).await;
            if pause >= left {
                return Ok(());
            }
            if !self.options.no_kills {
                let process = self.random.index(workers.count());
                workers.replace(process).await?;
            }
        }
    }

    async fn stored(&self) -> Result<Vec<Option<Stored>>> {
        let store = open_store(self.assignment.store, &self.assignment.address).await?;
        let mut reading = JoinSet::new();
        for part in 0..AT_ONCE {
            let (store, accounts) = (store.clone(), self.options.accounts);
            reading.spawn(async move { read(store, part, accounts).await });
        }
        let mut stored = vec![None; self.options.accounts];
        while let Some(read) = reading.join_next().await {
            for (account, found) in read?? {
                if let Some(place) = stored.get_mut(account) {
                    *place = found;
                }
            }
        }
        Ok(stored)
    }
}

fn judge_seen(workers: &Workers, ledger: &Ledger) -> Result<()> {
    let seen = &workers.seen;
    ensure!(
        seen.calls.expired == 0,
        "{} expired tokens were handed out",
        seen.calls.expired
    );
    ensure!(
        seen.most_beyond_limit == 0,
        "{} accounts {}, neither at work nor failing",
        seen.most_beyond_limit,
        said::IN_MEMORY
    );
    let mut logins_needed = seen.logins_needed.iter();
    if let Some((account, _)) = logins_needed.find(|(account, at)| !ledger.had_ended(*account, *at))
    {
        bail!("callers of customer-{account} were told to log in again, and its grant lived then");
    }
    Ok(())
}

async fn begin(pool: TokenPool, vendor: Vendor, account: usize, life: Duration) -> Result<()> {
    let (at, wall) = (now(), SystemClock.now().wall);
    let token = first_token(account, wall, wall.after(life))?;
    let cache = pool.cache(&name(account)).await?;
    let adopted = cache.set_token(token).await?;
    ensure!(
        adopted.generation().number() == 1,
        "the first generation is not 1"
    );
    vendor.ledger().begin(account, at + life);
    Ok(())
}

/// Reads one part of all accounts.
async fn read(
    store: Arc<dyn TokenStore>,
    part: usize,
    accounts: usize,
) -> Result<Vec<(usize, Option<Stored>)>> {
    let mut read = Vec::new();
    for account in (part..accounts).step_by(AT_ONCE) {
        let entry = store.load(&key(&name(account))).await?;
        let has_intent = entry.intent.is_some();
        let stored = entry.record.map(|record| {
            let generation = record.generation.number();
            let issued = format!("\"R.{account}.{generation}\"");
            Stored {
                generation,
                has_intent,
                is_genuine: record.body.expose().contains(&issued),
            }
        });
        read.push((account, stored));
    }
    Ok(read)
}
