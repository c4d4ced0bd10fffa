//! What a pool keeps of one account: a token at rest, or the engine that works for it.

mod counted;
pub(super) mod due;
pub(super) mod ending;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_core::{ClockReading, Error};

use self::counted::LastCounted;
use crate::clock::CacheClock;
use crate::current::at_rest::AtRest;
use crate::current::cached_token::CachedToken;
use crate::current::decide::Status;
use crate::current::token_guard::TokenGuard;
use crate::flight::Shared;
use crate::flight::in_pool::InPool;
use crate::pool::health::account::AccountHealth;
use crate::pool::schedule::second;
use crate::telemetry::pool_metric::Counted;

/// It does not stand in the schedule.
const NEVER: u32 = u32::MAX;

/// Small, because there are very many.
pub(in crate::pool) struct Slot {
    /// Whether a caller used it since it was looked at for eviction.
    used: AtomicBool,
    stays: Stays,
    counted: LastCounted,
    /// The second of elapsed time for which it stands in the schedule. It may be due later.
    scheduled: u32,
    key: KeyHash,
    state: State,
}

/// Whether the account stays in memory when its engine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stays {
    Always,
    /// If a caller asked for it since it came here.
    IfUsed,
    /// The program forgot it while the engine was at work. It stays if a caller has asked for it
    /// since, whatever it failed with.
    IfUsedAgain,
}

enum State {
    /// A token in order.
    AtRest(Arc<CachedToken>),
    /// A token, or none, and what is out of order.
    InTrouble(Box<InTrouble>),
    /// An engine works for it.
    AtWork(Arc<Shared>),
}

struct InTrouble {
    rest: AtRest,
    needs_login: Option<Error>,
    /// Before this second of elapsed time nothing is tried in the background.
    until: u32,
}

/// The hash of an account's key in the store. An account whose endpoint has another key than before
/// has another grant. Its lowest bits are the deployment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) struct KeyHash(u64);

/// The hash of a deployment's name: 24 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::pool) struct DeploymentHash(u64);

const DEPLOYMENT: u64 = 0xff_ffff;

impl DeploymentHash {
    pub(in crate::pool) fn of(hash: u64) -> Self {
        Self(hash & DEPLOYMENT)
    }
}

impl KeyHash {
    pub(super) fn of(hash: u64, deployment: DeploymentHash) -> Self {
        Self((hash & !DEPLOYMENT) | deployment.0)
    }

    pub(super) fn deployment(self) -> DeploymentHash {
        DeploymentHash::of(self.0)
    }
}

/// An engine that is put to work. Nobody else holds it yet.
pub(super) struct NewWork {
    pub(super) engine: Arc<Shared>,
    pub(super) place: InPool,
    pub(super) key: KeyHash,
    pub(super) wanted: Wanted,
}

impl NewWork {
    /// Returns the engine, which goes on with what was at rest.
    fn begin(mut self, rest: Option<AtRest>) -> Arc<Shared> {
        if let Some(engine) = Arc::get_mut(&mut self.engine) {
            engine.join_pool(self.place, rest);
        }
        self.engine
    }
}

/// Who wants an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Wanted {
    ByCaller,
    /// For a refresh that is due. Nobody asked for the token, so it remains in memory only if it
    /// was there before.
    BySchedule,
}

impl Slot {
    pub(super) fn new(work: NewWork) -> (Self, Arc<Shared>) {
        let (key, by_caller) = (work.key, work.wanted == Wanted::ByCaller);
        let engine = work.begin(None);
        let slot = Self {
            used: AtomicBool::new(by_caller),
            stays: if by_caller {
                Stays::Always
            } else {
                Stays::IfUsed
            },
            counted: LastCounted::default(),
            scheduled: NEVER,
            key,
            state: State::AtWork(engine.clone()),
        };
        slot.recount();
        (slot, engine)
    }

    /// Puts this engine to work with what is at rest here, unless another one does so already.
    pub(super) fn put_to_work(&mut self, work: NewWork) -> Arc<Shared> {
        if let Some(working) = self.engine(work.wanted) {
            return working;
        }
        let (key, wanted) = (work.key, work.wanted);
        let rest = self.take_rest().filter(|_| self.key == key);
        let engine = work.begin(rest);
        if wanted == Wanted::ByCaller {
            self.mark_used();
        }
        if self.stays == Stays::IfUsed || self.was_used() {
            self.stays = Stays::Always;
        }
        self.key = key;
        self.state = State::AtWork(engine.clone());
        self.recount();
        engine
    }

    /// Takes what is at rest. What remains is to be replaced.
    fn take_rest(&mut self) -> Option<AtRest> {
        match &mut self.state {
            State::AtRest(cached) => Some(AtRest {
                cached: cached.clone(),
                trouble: None,
            }),
            State::InTrouble(it) => Some(AtRest {
                cached: it.rest.cached.clone(),
                trouble: it.rest.trouble.take(),
            }),
            State::AtWork(_) => None,
        }
    }

    pub(super) fn fresh(&self, clock: &CacheClock) -> Option<TokenGuard> {
        let token = match &self.state {
            State::AtRest(cached) if cached.is_fresh(clock) => TokenGuard::of(cached.clone()),
            State::AtWork(engine) => engine.current.fresh()?,
            _ => return None,
        };
        self.mark_used();
        Some(token)
    }

    pub(super) fn cached(&self) -> Arc<CachedToken> {
        match &self.state {
            State::AtRest(cached) => cached.clone(),
            State::InTrouble(it) => it.rest.cached.clone(),
            State::AtWork(engine) => engine.current.cached(),
        }
    }

    /// Returns the engine at work, without using it.
    pub(in crate::pool) fn at_work(&self) -> Option<&Arc<Shared>> {
        match &self.state {
            State::AtWork(engine) => Some(engine),
            _ => None,
        }
    }

    /// Whether the last exchange failed. An account that was only logged out has not.
    pub(in crate::pool) fn has_failed(&self) -> bool {
        matches!(&self.state, State::InTrouble(it) if it.rest.has_failed())
    }

    pub(super) fn engine(&self, wanted: Wanted) -> Option<Arc<Shared>> {
        let engine = self.at_work()?;
        if wanted == Wanted::ByCaller {
            self.mark_used();
        }
        Some(engine.clone())
    }

    pub(super) fn health(&self, now: &ClockReading) -> AccountHealth {
        match &self.state {
            State::AtRest(cached) => AccountHealth::at_rest(cached, None, now),
            State::InTrouble(it) => AccountHealth {
                login_needed: it.needs_login.clone(),
                ..AccountHealth::at_rest(&it.rest.cached, it.rest.trouble.as_deref(), now)
            },
            State::AtWork(engine) => AccountHealth::at_work(engine),
        }
    }

    /// Returns why a person has to log in again, if that is so.
    pub(in crate::pool) fn needs_login(&self) -> Option<Error> {
        match &self.state {
            State::AtRest(_) => None,
            State::InTrouble(it) => it.needs_login.clone(),
            State::AtWork(engine) => engine.current.needs_login(),
        }
    }

    /// Whether it may leave memory at this second of elapsed time, if it was not used since the
    /// last time that this was asked.
    pub(super) fn may_leave(&self, now: u32) -> bool {
        self.is_free(now) && !self.used.swap(false, Ordering::Relaxed)
    }

    /// Whether the store has all that is known of it at this second of elapsed time. It does not
    /// have what it failed with, nor that an API rejected its token.
    pub(super) fn is_free(&self, now: u32) -> bool {
        match &self.state {
            State::AtRest(cached) => !is_rejected(cached, now),
            State::InTrouble(it) => {
                let is_over = now >= it.until || !it.rest.has_failed_here();
                is_over && !is_rejected(&it.rest.cached, now)
            }
            State::AtWork(_) => false,
        }
    }

    /// Counts the account under what it is now.
    pub(in crate::pool) fn recount(&self) {
        self.counted.recount(|counted| match counted {
            Counted::InMemory => true,
            Counted::AtWork => self.at_work().is_some(),
            Counted::Failing => self.has_failed(),
            Counted::LoginNeeded => self.needs_login().is_some(),
        });
    }

    pub(super) fn key(&self) -> KeyHash {
        self.key
    }

    fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Written once only, so that threads that read the same token do not wait for each other.
    fn mark_used(&self) {
        if !self.was_used() {
            self.used.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether an API rejected a token that has not ended at this second of elapsed time. From the
/// store it would come back as a good one.
fn is_rejected(cached: &CachedToken, now: u32) -> bool {
    if cached.status() != Status::Rejected {
        return false;
    }
    let anchor = cached.anchor();
    let life = cached.validity().expires_at().since(anchor.wall);
    now < second(anchor.elapsed.saturating_add(life))
}
