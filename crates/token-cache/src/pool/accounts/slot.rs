//! What a pool keeps of one account: a token at rest, or the engine that works for it.

pub(super) mod due;
pub(super) mod ending;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::CacheClock;
use crate::current::at_rest::AtRest;
use crate::current::cached_token::CachedToken;
use crate::current::token_guard::TokenGuard;
use crate::flight::Shared;
use crate::flight::in_pool::InPool;

/// It does not stand in the schedule.
const NEVER: u32 = u32::MAX;

/// Small, because there are very many.
pub(in crate::pool) enum Slot {
    /// A token in order.
    AtRest {
        used: AtomicBool,
        /// The second of elapsed time for which it stands in the schedule. It may be due later.
        scheduled: u32,
        key: KeyHash,
        cached: Arc<CachedToken>,
    },
    /// A token, or none, and what is out of order.
    InTrouble {
        used: AtomicBool,
        scheduled: u32,
        key: KeyHash,
        rest: Box<InTrouble>,
    },
    /// An engine works for it.
    AtWork {
        used: AtomicBool,
        /// Whether the account stays in memory though no caller asked for it.
        kept: bool,
        scheduled: u32,
        key: KeyHash,
        engine: Arc<Shared>,
    },
}

pub(in crate::pool) struct InTrouble {
    rest: AtRest,
    needs_login: Option<token_core::Error>,
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

/// An engine that is put to work.
pub(super) struct NewWork {
    pub(super) engine: Shared,
    pub(super) place: InPool,
    pub(super) key: KeyHash,
    pub(super) wanted: Wanted,
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
    pub(super) fn new(mut work: NewWork) -> (Self, Arc<Shared>) {
        work.engine.join_pool(work.place, None);
        let by_caller = work.wanted == Wanted::ByCaller;
        let engine = Arc::new(work.engine);
        let slot = Self::AtWork {
            used: AtomicBool::new(by_caller),
            kept: by_caller,
            scheduled: NEVER,
            key: work.key,
            engine: engine.clone(),
        };
        (slot, engine)
    }

    /// Puts this engine to work with what is at rest here, unless another one does so already.
    pub(super) fn put_to_work(&mut self, mut work: NewWork) -> Arc<Shared> {
        if let Some(working) = self.engine(work.wanted) {
            return working;
        }
        let used = self.was_used() || work.wanted == Wanted::ByCaller;
        let rest = self.take_rest().filter(|_| self.key() == work.key);
        work.engine.join_pool(work.place, rest);
        let engine = Arc::new(work.engine);
        *self = Self::AtWork {
            used: AtomicBool::new(used),
            kept: true,
            scheduled: self.scheduled(),
            key: work.key,
            engine: engine.clone(),
        };
        engine
    }

    /// Takes what is at rest. What remains is to be replaced.
    fn take_rest(&mut self) -> Option<AtRest> {
        match self {
            Self::AtRest { cached, .. } => Some(AtRest {
                cached: cached.clone(),
                trouble: None,
            }),
            Self::InTrouble { rest, .. } => Some(AtRest {
                cached: rest.rest.cached.clone(),
                trouble: rest.rest.trouble.take(),
            }),
            Self::AtWork { .. } => None,
        }
    }

    pub(super) fn fresh(&self, clock: &CacheClock) -> Option<TokenGuard> {
        let token = match self {
            Self::AtRest { cached, .. } if cached.is_fresh(clock) => TokenGuard::of(cached.clone()),
            Self::AtWork { engine, .. } => engine.current.fresh()?,
            _ => return None,
        };
        self.mark_used();
        Some(token)
    }

    pub(in crate::pool) fn cached(&self) -> Arc<CachedToken> {
        match self {
            Self::AtRest { cached, .. } => cached.clone(),
            Self::InTrouble { rest, .. } => rest.rest.cached.clone(),
            Self::AtWork { engine, .. } => engine.current.cached(),
        }
    }

    /// Returns the engine at work, without using it.
    pub(in crate::pool) fn at_work(&self) -> Option<Arc<Shared>> {
        match self {
            Self::AtWork { engine, .. } => Some(engine.clone()),
            _ => None,
        }
    }

    pub(super) fn engine(&self, wanted: Wanted) -> Option<Arc<Shared>> {
        let Self::AtWork { engine, .. } = self else {
            return None;
        };
        if wanted == Wanted::ByCaller {
            self.mark_used();
        }
        Some(engine.clone())
    }

    /// Returns why a person has to log in again, if that is so.
    pub(in crate::pool) fn needs_login(&self) -> Option<token_core::Error> {
        match self {
            Self::AtRest { .. } => None,
            Self::InTrouble { rest, .. } => rest.needs_login.clone(),
            Self::AtWork { engine, .. } => engine.current.needs_login(),
        }
    }

    /// Whether it may leave memory at this second of elapsed time: the store has all that is known
    /// of it, but not what it failed with. Asks whether it was used, and forgets that.
    pub(super) fn may_leave(&self, now: u32) -> bool {
        let is_free = match self {
            Self::AtRest { .. } => true,
            Self::InTrouble { rest, .. } => now >= rest.until || !rest.rest.has_failed(),
            Self::AtWork { .. } => false,
        };
        is_free && !self.used().swap(false, Ordering::Relaxed)
    }

    fn used(&self) -> &AtomicBool {
        match self {
            Self::AtRest { used, .. }
            | Self::InTrouble { used, .. }
            | Self::AtWork { used, .. } => used,
        }
    }

    pub(super) fn key(&self) -> KeyHash {
        match self {
            Self::AtRest { key, .. } | Self::InTrouble { key, .. } | Self::AtWork { key, .. } => {
                *key
            }
        }
    }

    fn was_used(&self) -> bool {
        self.used().load(Ordering::Relaxed)
    }

    /// Written once only, so that threads that read the same token do not wait for each other.
    fn mark_used(&self) {
        if !self.was_used() {
            self.used().store(true, Ordering::Relaxed);
        }
    }
}
