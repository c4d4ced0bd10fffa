//! Refreshes tokens that nobody asks for: those in memory by the schedule, those in the store by
//! the sweep.

mod queues;
mod wall_clock;

use std::sync::{Arc, Weak};
use std::time::Duration;

use token_core::{Clock as _, Error, ErrorKind, TokenKey};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::queues::{Place, Queues};
use self::wall_clock::WallClock;
use super::accounts::{DeploymentHash, Wanted};
use super::inner::{Inner, Working};
use super::schedule::{Taking, second};
use super::sweep::{self, Found, Waiting};
use crate::current::events::Event;
use crate::flight::background::KeepFresh;
use crate::refresh::endpoint_source::asked;
use crate::telemetry::pool_metric;

/// The schedule has buckets of one second.
const TICK: Duration = Duration::from_secs(1);
/// Accounts that left memory stay in the schedule. Once there are so many, and more than of those
/// in memory, it is made again.
const SPARE_ENTRIES: usize = 4096;
/// How often the engines at work are looked at: only an engine that ends is scheduled.
const BETWEEN_LOOKS: Duration = Duration::from_secs(15);
/// When an account whose endpoint could not be made is tried again.
const COOL_DOWN: Duration = Duration::from_secs(30);

impl Inner {
    pub(super) fn keep_fresh(self: &Arc<Self>) -> KeepFresh {
        let Some(taking) = self.schedule.begin() else {
            return KeepFresh::of(None);
        };
        let wall = WallClock::at(&self.engines.clock.now());
        self.schedule_all();
        let stop = taking.stop();
        let pool = Arc::downgrade(self);
        let started = self
            .engines
            .tasks
            .spawn(keep_fresh(EndsSchedule { pool, taking }, wall));
        let keeping = KeepFresh::of(started.ok()).stopping(stop);
        self.set_background(Some(keeping.another()));
        keeping
    }

    /// Schedules what is in memory already. A token without end is never due.
    fn schedule_all(&self) {
        self.schedule.clear();
        let now = self.engines.clock.now();
        self.schedule.add_all(self.accounts.schedule_all(&now));
    }

    /// Takes the accounts whose refresh is due.
    fn take_due(&self, wall: &mut WallClock) -> Vec<(DeploymentHash, Arc<str>)> {
        let now = self.engines.clock.now();
        let is_full = self.schedule.count() > 2 * self.accounts.count() + SPARE_ENTRIES;
        if wall.has_stepped_forward(&now) || is_full {
            self.schedule_all();
        }
        let mut later = Vec::new();
        let due = self.schedule.take_due(now.elapsed).into_iter();
        let due = due.filter_map(|turn| self.accounts.take_turn(turn, &now, &mut later));
        let due = due.collect();
        self.schedule.add_all(later);
        due
    }

    /// Returns the accounts whose engines no schedule has, and that have something to do.
    fn left_at_work(&self) -> Vec<(DeploymentHash, Arc<str>)> {
        pool_metric::still_count();
        let left = self.accounts.each(|entry| {
            if entry.slot.at_work().is_some() {
                // A grant may be refused while somebody has its cache.
                entry.slot.recount();
            }
            let is_left = entry.slot.is_left_at_work();
            is_left.then(|| entry.named())
        });
        left.collect()
    }

    async fn refresh(&self, account: &str) {
        match self.engine(account, Wanted::BySchedule).await {
            Ok(working) => working.engine.refresh_unless_in_doubt().await,
            Err(error) => self.not_made(account, error),
        }
    }

    /// Refreshes what the sweep has found. An account with another key does not belong to this
    /// pool.
    async fn refresh_found(&self, found: Found) {
        match self.start_found(&found.account, &found.key).await {
            Ok(working) => {
                if found.is_refused {
                    // That needs no lease, and mostly shows that nothing is to be sent.
                    working.engine.look().await;
                }
                working.engine.refresh_unless_in_doubt().await;
            }
            Err(error) => self.not_made(&found.account, error),
        }
    }

    async fn start_found(&self, account: &Arc<str>, key: &TokenKey) -> Result<Working, Error> {
        let within = self.engines.settings.exchange;
        let tasks = &self.engines.tasks;
        let made = self.endpoints.make(account, tasks, within).await?;
        if asked(|| made.endpoint.key())? != *key {
            let what = "the key of a due token in the store does not belong to its account: \
                        set `account_of`";
            return Err(Error::new(ErrorKind::Config, what).with_key(key));
        }
        self.start(account.clone(), made, Wanted::BySchedule)
    }

    fn not_made(&self, account: &str, error: Error) {
        let due = second(self.engines.clock.now().elapsed.saturating_add(COOL_DOWN));
        if let Some(hash) = self.accounts.schedule(account, due) {
            self.schedule.add((due, hash));
        }
        let next_in = COOL_DOWN;
        self.emit(account, &Event::Failed { error, next_in });
    }
}

/// The pool, held weakly, and its schedule, which ends with the task.
struct EndsSchedule {
    pool: Weak<Inner>,
    taking: Taking,
}

impl Drop for EndsSchedule {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.schedule.end(&self.taking);
        }
    }
}

async fn keep_fresh(pool: EndsSchedule, mut wall: WallClock) {
    let pool = &pool.pool;
    // The sweep itself waits while enough of a deployment waits.
    let (found, mut in_store) = mpsc::unbounded_channel();
    let mut sweeping = JoinSet::new();
    sweeping.spawn(sweep::run(pool.clone(), found));
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = tokio::time::interval(BETWEEN_LOOKS);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut queues = Queues::new();
    let mut refreshing = JoinSet::new();
    loop {
        while let Some((job, place)) = queues.next(refreshing.len()) {
            refreshing.spawn(refresh(pool.clone(), job, place));
        }
        tokio::select! {
            _ = tick.tick() => match pool.upgrade() {
                Some(pool) => queues.add_all(pool.take_due(&mut wall)),
                None => return,
            },
            _ = look.tick() => match pool.upgrade() {
                Some(pool) => queues.add_all(pool.left_at_work()),
                None => return,
            },
            Some(found) = in_store.recv() => queues.add(found.0.deployment, Job::InStore(found)),
            Some(_) = refreshing.join_next() => {}
        }
    }
}

/// What is to be refreshed.
enum Job {
    InMemory(Arc<str>),
    InStore(Waiting),
}

impl Queues<Job> {
    fn add_all(&mut self, in_memory: Vec<(DeploymentHash, Arc<str>)>) {
        for (deployment, account) in in_memory {
            self.add(deployment, Job::InMemory(account));
        }
    }
}

async fn refresh(pool: Weak<Inner>, job: Job, _place: Place) {
    let Some(pool) = pool.upgrade() else { return };
    match job {
        Job::InMemory(account) => pool.refresh(&account).await,
        Job::InStore((found, place)) => {
            drop(place);
            pool.refresh_found(found).await;
        }
    }
}
