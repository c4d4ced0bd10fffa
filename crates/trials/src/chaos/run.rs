//! A run: the vendor, the store, the processes and the oracle.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use token_sim::{OAuth2Server, SimClock, Tls};
use vendor_auth::types::store::{Entry, TokenStore};
use vendor_auth::types::{Timestamp, TokenEndpoint as _, TokenKey, Validity};
use vendor_auth::{Secret, Token, TokenCache};

use super::options::{Harm, Options, RuntimeMode};
use super::oracle::{Answer, Begun, Clocks, Deaths, Oracle};
use super::plan::LEASE_MS;
use super::plan::draw::small_skew;
use super::protocol::Assignment;
use super::random::Random;
use super::rotation::{LIFE_MS, RotationMode};
use super::shared_clock::{ClockFile, ProcessClock, SharedClock};
use super::store_fixture::{Outage, StoreFixture};
use super::worker::{self, Parts};
use super::workers::Workers;
use crate::machine::RunFolder;

/// Everything that a round needs.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) sim: OAuth2Server,
    pub(super) clock_file: ClockFile,
    pub(super) fixture: StoreFixture,
    pub(super) workers: Workers,
    pub(super) oracle: Oracle,
    /// The orchestrator's own access to the store: it reads it, and puts new grants there.
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) tokens: TokenCache,
    pub(super) key: TokenKey,
    pub(super) harm: Harm,
    pub(super) rotation: RotationMode,
    pub(super) runtime: RuntimeMode,
    /// The error of each process's clock when it does not step.
    pub(super) skews: Vec<i64>,
    pub(super) counts: Counts,
    /// How the store is unavailable just now.
    pub(super) away: Option<Outage>,
    /// The processes that were killed in this round.
    pub(super) deaths: Deaths,
    /// What was known of the clocks in the last round.
    pub(super) clocks: Clocks,
    /// The processes that were told in this round to log out, and to redeem a code.
    pub(super) logout_by: Option<usize>,
    pub(super) redeem_by: Option<usize>,
}

/// What was done in all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rounds: u64,
    pub(super) kills: u64,
    pub(super) stops: u64,
    pub(super) cuts: u64,
    pub(super) outages: u64,
    pub(super) steps: u64,
    /// Processes that were killed while only their fallback store had the token.
    pub(super) in_fallback: u64,
    /// Processes that died while the token was complete in a temporary file.
    pub(super) whole_on_disk: u64,
    /// Runtimes that were dropped during a refresh.
    pub(super) dropped_runtimes: u64,
}

/// Runs a future with a folder that is removed afterwards.
pub(crate) fn in_runtime<F: Future<Output = Result<()>>>(
    work: impl FnOnce(PathBuf) -> F,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = RunFolder::create("chaos")?;
    runtime.block_on(work(folder.path().to_owned()))
}

impl Run {
    /// Starts the vendor, the store and the processes, and begins a grant.
    pub(super) async fn prepare(
        folder: &Path,
        options: &Options,
        random: &mut Random,
    ) -> Result<Self> {
        let clock_file = ClockFile::make(folder.join("clock"), options.processes)?;
        let tls = options.tls.then(Tls::new).transpose()?;
        let sim = vendor(options, &clock_file, tls.as_ref()).await?;
        let fixture = StoreFixture::prepare(options.store, folder).await?;
        let assignment = Assignment {
            authority: tls.map(|tls| tls.ca_pem().to_owned()),
            ..assignment(options, &sim, &fixture, &clock_file)
        };
        let ours = Assignment {
            process: options.processes,
            ..assignment.clone()
        };
        let clock = SharedClock(Arc::new(ProcessClock::of(
            ClockFile::open(clock_file.path())?,
            None,
        )));
        let parts = Parts::of_orchestrator(&ours, clock).await?;
        let (key, store) = (parts.endpoint.key(), parts.store.clone());
        let tokens = worker::cache(parts, &ours)?;
        let workers = Workers::spawn(assignment, options.processes).await?;
        let mut run = Self {
            sim,
            clock_file,
            fixture,
            workers,
            oracle: Oracle::new(options.rotation),
            store,
            tokens,
            key,
            harm: options.harm(),
            rotation: options.rotation,
            runtime: options.runtime,
            skews: (0..options.processes).map(|_| small_skew(random)).collect(),
            counts: Counts::default(),
            away: None,
            deaths: Deaths::default(),
            clocks: Clocks::default(),
            logout_by: None,
            redeem_by: None,
        };
        run.new_grant().await?;
        Ok(run)
    }

    /// Reads new entries of the vendor's journal.
    pub(super) fn read_journal(&mut self) -> Result<()> {
        self.oracle.read(&self.journal())
    }

    pub(super) fn journal(&self) -> Vec<Answer> {
        self.sim.exchanges().iter().map(Answer::from).collect()
    }

    pub(super) fn judge_handed(&mut self) -> Result<()> {
        for (generation, at_us) in std::mem::take(&mut self.workers.committed) {
            self.oracle
                .committed(generation, self.clock_file.at_ms(at_us));
        }
        let handed = std::mem::take(&mut self.workers.handed);
        handed.iter().try_for_each(|out| self.oracle.handed(out))
    }

    /// Logs in again and puts the grant into the store. Returns its first generation.
    pub(super) async fn new_grant(&mut self) -> Result<u64> {
        let issued = self.sim.grant();
        let now = Timestamp::from_unix_millis(self.clock_file.now_ms());
        let validity = Validity::new(now, Timestamp::from_unix_millis(issued.expires_at_ms()));
        let token = Token::builder(Secret::from(issued.access_token()), validity)
            .refresh(issued.refresh_token().map(Secret::from))
            .build()?;
        let adopted = self
            .tokens
            .set_token(token)
            .await
            .context("the new grant cannot be stored")?;
        let generation = adopted.generation().number();
        drop(adopted);
        self.workers
            .log
            .note(&format!("a new grant begins with generation {generation}"));
        let begun = Begun {
            grant: self.sim.grant_count().checked_sub(1),
            generation,
            issued_at_ms: now.unix_millis(),
            expires_at_ms: issued.expires_at_ms(),
        };
        self.oracle.begin(&begun, self.sim.exchanges().len());
        self.oracle.committed(generation, self.clock_file.now_ms());
        Ok(generation)
    }

    /// Returns the generation that the store holds.
    pub(super) async fn stored(&self) -> Result<u64> {
        let record = self.entry().await?.record;
        Ok(record
            .context("the store lost the record")?
            .generation
            .number())
    }

    /// Returns the entry that the store holds.
    pub(super) async fn entry(&self) -> Result<Entry> {
        let mut last = None;
        for _ in 0..50 {
            match self.store.load(&self.key).await {
                Ok(entry) => return Ok(entry),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the store cannot be read: {last:?}")
    }
}

async fn vendor(
    options: &Options,
    clock_file: &ClockFile,
    tls: Option<&Tls>,
) -> Result<OAuth2Server> {
    let driven = ClockFile::open(clock_file.path())?;
    let sim = OAuth2Server::builder()
        .rotation(options.rotation.of_server())
        .access_token_lifetime(Duration::from_millis(LIFE_MS.unsigned_abs()))
        // Grants outlast years of virtual time.
        .refresh_token_lifetime(Duration::from_secs(100 * 365 * 86_400))
        .clock(SimClock::driven_by(move || driven.now_ms()));
    let sim = match tls {
        Some(tls) => sim.tls(tls.clone()),
        None => sim,
    };
    Ok(sim.start().await?)
}

fn assignment(
    options: &Options,
    sim: &OAuth2Server,
    fixture: &StoreFixture,
    clock_file: &ClockFile,
) -> Assignment {
    Assignment {
        process: 0,
        store: options.store,
        rotation: options.rotation,
        runtime: options.runtime,
        address: fixture.address(),
        base_url: sim.base_url(),
        token_url: sim.token_url(),
        revoke_url: sim.revoke_url(),
        client_id: sim.client_id().to_owned(),
        client_secret: sim.client_secret().to_owned(),
        clock_file: clock_file.path().to_owned(),
        fallbacks: clock_file.path().with_file_name("fallbacks"),
        lease_ms: LEASE_MS,
        authority: None,
    }
}
