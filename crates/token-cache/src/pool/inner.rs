//! How a pool gets the token of one account.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use token_core::store::Owner;
use token_core::{Clock as _, ClockReading, Error, ErrorKind, Token};

use super::account_of::AccountOf;
use super::accounts::{Accounts, Settled, Wanted};
use super::deployments::Deployments;
use super::endpoints::Endpoints;
use super::pool_account::PoolAccount;
use super::schedule::{Schedule, second};
use crate::cache::{Drained, TokenCache};
use crate::current::api;
use crate::current::events::Event;
use crate::current::pool_events::{PoolChannel, PoolEvents, PoolListener};
use crate::current::token_guard::TokenGuard;
use crate::engines::{Engines, NewEngine};
use crate::flight::Shared;
use crate::flight::background::KeepFresh;
use crate::flight::held::Held;
use crate::flight::in_pool::{InPool, InUse, Settle};
use crate::refresh::alternatives::Initial;
use crate::refresh::endpoint_source::{EndpointSource, asked};
use crate::telemetry::pool_metric;

/// What the clones of a pool, and the tasks that work for it, share.
pub(crate) struct Inner {
    pub(super) engines: Engines,
    pub(super) endpoints: Endpoints,
    pub(super) accounts: Accounts,
    pub(super) deployments: Deployments,
    pub(super) schedule: Schedule,
    pub(super) channel: Arc<PoolChannel>,
    pub(super) account_of: AccountOf,
    pub(super) limits: Limits,
    pub(super) evicted: AtomicU64,
    /// The task that refreshes without traffic.
    pub(super) background: Mutex<Option<KeepFresh>>,
    /// As the engines know it.
    pub(super) this: Weak<Self>,
}

/// The limits of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many accounts are in memory at most.
    pub(super) in_memory: usize,
    /// How long the store is left alone between two sweeps.
    pub(super) between_sweeps: Duration,
}

/// An engine that works for an account, and what tells the pool that it is no longer used.
pub(super) struct Working {
    // Dropped first.
    pub(super) engine: Arc<Shared>,
    in_use: InUse,
}

impl Working {
    pub(super) fn into_cache(self) -> TokenCache {
        TokenCache::in_pool(self.engine, self.in_use)
    }
}

impl Inner {
    pub(super) fn wait_timeout(&self) -> Duration {
        self.engines.wait_timeout
    }

    pub(super) fn now(&self) -> ClockReading {
        self.engines.clock.now()
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(super) fn events(&self) -> PoolEvents {
        self.channel.subscribe()
    }

    pub(super) fn fresh(&self, account: &str) -> Option<TokenGuard> {
        self.accounts.fresh(account, &self.engines.clock)
    }

    /// Returns a token to a caller for whom there is no fresh one.
    pub(super) async fn token(&self, account: &str, within: Duration) -> Result<TokenGuard, Error> {
        let begun = self.engines.clock.now().elapsed;
        let working = self.engine_within(account, within).await?;
        let engine = &working.engine;
        let is_new = engine.current.cached().is_placeholder();
        if is_new && engine.current.failure().is_none() {
            // What the store has needs no lease.
            let left = self.left(begun, within);
            let looking = pin!(engine.look());
            _ = self.engines.tasks.timeout(left, looking).await?;
        }
        if let Some(token) = engine.current.fresh() {
            return Ok(token);
        }
        engine.token(self.left(begun, within)).await
    }

    async fn engine_within(&self, account: &str, within: Duration) -> Result<Working, Error> {
        let making = pin!(self.engine(account, Wanted::ByCaller));
        let made = self.engines.tasks.timeout(within, making).await?;
        made.unwrap_or_else(|| Err(late()))
    }

    fn left(&self, begun: Duration, within: Duration) -> Duration {
        let passed = self.engines.clock.now().elapsed.saturating_sub(begun);
        within.saturating_sub(passed)
    }

    pub(super) fn reject(&self, account: &str, token: &Token) {
        if let Some(engine) = self.accounts.engine(account, Wanted::ByCaller) {
            engine.current.reject(token);
            drop(engine);
            return self.settle(account);
        }
        let Some(cached) = self.accounts.cached(account) else {
            return;
        };
        if !cached.is(token) {
            return;
        }
        let (now, backoff) = (self.engines.clock.now(), &self.engines.timing.backoff);
        if let Some(event) = api::reject(&cached, &now, backoff) {
            self.emit(account, &event);
        }
    }

    pub(super) fn emit(&self, account: &str, event: &Event) {
        self.listener(account.into()).send(event);
    }

    fn listener(&self, account: Arc<str>) -> PoolListener {
        let channel = self.channel.clone();
        PoolListener { account, channel }
    }

    /// Returns the engine of an account, which begins to work if none does.
    pub(super) async fn engine(&self, account: &str, wanted: Wanted) -> Result<Working, Error> {
        if let Some(engine) = self.accounts.engine(account, wanted) {
            let in_use = InUse::of(self.place(account.into()));
            return Ok(Working { engine, in_use });
        }
        let within = self.engines.settings.exchange;
        let made = self
            .endpoints
            .make(account, &self.engines.tasks, within)
            .await?;
        let working = self.start(account.into(), made, wanted)?;
        self.make_room();
        Ok(working)
    }

    /// Puts an engine to work.
    ///
    /// # Errors
    ///
    /// That the endpoint panicked.
    pub(super) fn start(
        &self,
        account: Arc<str>,
        made: PoolAccount,
        wanted: Wanted,
    ) -> Result<Working, Error> {
        let PoolAccount { endpoint, initial } = made;
        let key = asked(|| endpoint.key())?;
        let deployment = self.deployments.of(&key, &self.accounts);
        let new = NewEngine::of(EndpointSource::new(endpoint, None))
            .with_initial(initial.map(Initial::from))
            .in_pool(
                self.listener(account.clone()),
                deployment.meter,
                deployment.admission,
                deployment.server_clock,
                deployment.log,
            );
        let owner = self.engines.entropy.bytes_of(&account);
        let new = new.owned_by(Owner::new(owner));
        let engine = asked(|| Arc::new(self.engines.start(new)))?;
        let place = self.place(account);
        let engine = self.accounts.put_to_work(engine, place.clone(), wanted);
        let in_use = InUse::of(place);
        Ok(Working { engine, in_use })
    }

    fn place(&self, account: Arc<str>) -> InPool {
        let pool = self.this.clone();
        InPool { pool, account }
    }

    pub(super) async fn drain(&self, within: Duration) -> Drained {
        let begun = self.engines.clock.now().elapsed;
        self.set_background(None);
        loop {
            // What the background had begun may have begun another one.
            let at_work = self.unsettled();
            if at_work.is_empty() {
                return Drained::Settled;
            }
            for engine in at_work {
                if !engine.drain(self.left(begun, within)).await {
                    return Drained::Unsettled;
                }
            }
        }
    }

    fn unsettled(&self) -> Vec<Held> {
        let at_work = self.accounts.each(|entry| entry.slot.at_work().cloned());
        let at_work = at_work.map(Held::of);
        at_work.filter(|engine| !engine.is_settled()).collect()
    }

    /// Keeps the task that refreshes without traffic. The one before is stopped.
    pub(super) fn set_background(&self, task: Option<KeepFresh>) {
        let mut background = self
            .background
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *background, task) {
            before.stop();
        }
    }

    /// Whether there are as many accounts in memory as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.accounts.count() >= self.limits.in_memory
    }

    fn make_room(&self) {
        if self.accounts.count() <= self.limits.in_memory {
            return;
        }
        let evicted = self
            .accounts
            .evict_down_to(self.limits.in_memory, self.second());
        self.count_evicted(evicted.count);
        self.schedule.add_all(evicted.came_to_rest);
    }

    fn count_evicted(&self, count: u64) {
        self.evicted.fetch_add(count, Ordering::Relaxed);
        pool_metric::evicted(count);
    }

    fn second(&self) -> u32 {
        second(self.engines.clock.now().elapsed)
    }
}

impl Settle for Inner {
    fn settle(&self, account: &str) {
        let limit = self.limits.in_memory;
        match self.accounts.settle(account, limit, &self.engines.clock) {
            Settled::NothingToDo => {}
            Settled::AtRest(scheduled) => self.schedule.add(scheduled),
            Settled::Evicted => self.count_evicted(1),
        }
    }
}

fn late() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "timed out waiting for the account's endpoint",
    )
}
