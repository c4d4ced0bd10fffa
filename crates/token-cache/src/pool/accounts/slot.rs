//! What a pool keeps of one account: a token at rest, or the engine that works for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::CacheClock;
use crate::current::at_rest::AtRest;
use crate::current::cached_token::CachedToken;
use crate::current::token_guard::TokenGuard;
use crate::flight::Shared;
use crate::flight::in_pool::InPool;
use crate::pool::schedule::second;

/// After a failure nothing is tried in the background for this long: a vendor that is down, or a
/// grant that is dead, is not asked all the time.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The store is looked at this often for a new grant in the place of one that was refused. The
/// vendor is not asked.
const BETWEEN_LOOKS: Duration = Duration::from_secs(15 * 60);
/// No refresh is scheduled.
const NEVER: u32 = u32::MAX;

/// Small, because there are very many.
pub(in crate::pool) enum Slot {
    /// A token in order.
    AtRest {
        used: AtomicBool,
        /// The second of elapsed time at which its refresh is scheduled.
        scheduled: u32,
        cached: Arc<CachedToken>,
    },
    /// A token, or none, and what is out of order.
    InTrouble {
        used: AtomicBool,
        scheduled: u32,
        rest: Box<InTrouble>,
    },
    /// An engine works for it.
    AtWork {
        used: AtomicBool,
        /// Whether the account stays in memory though no caller asked for it.
        kept: bool,
        engine: Arc<Shared>,
    },
}

pub(in crate::pool) struct InTrouble {
    rest: AtRest,
    needs_login: Option<token_core::Error>,
}

/// Who wants an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Wanted {
    ByCaller,
    /// For a refresh that is due. Nobody asked for the token, so it remains in memory only if it
    /// was there before.
    BySchedule,
}

/// What became of an engine.
pub(super) enum Ended {
    No,
    /// When the next refresh is due, in seconds of elapsed time.
    Kept(u32),
    /// Nothing is left that is worth keeping.
    Useless,
}

impl Slot {
    pub(super) fn new(mut engine: Shared, place: InPool, wanted: Wanted) -> (Self, Arc<Shared>) {
        engine.join_pool(place, None);
        let by_caller = wanted == Wanted::ByCaller;
        Self::working(engine, by_caller, by_caller)
    }

    fn working(engine: Shared, used: bool, kept: bool) -> (Self, Arc<Shared>) {
        let engine = Arc::new(engine);
        let slot = Self::AtWork {
            used: AtomicBool::new(used),
            kept,
            engine: engine.clone(),
        };
        (slot, engine)
    }

    /// Puts this engine to work with what is at rest here, unless another one does so already.
    pub(super) fn put_to_work(
        &mut self,
        mut engine: Shared,
        place: InPool,
        wanted: Wanted,
    ) -> Arc<Shared> {
        if let Some(working) = self.engine(wanted) {
            return working;
        }
        let used = self.was_used() || wanted == Wanted::ByCaller;
        engine.join_pool(place, self.take_rest());
        let (slot, engine) = Self::working(engine, used, true);
        *self = slot;
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

    fn used(&self) -> &AtomicBool {
        match self {
            Self::AtRest { used, .. }
            | Self::InTrouble { used, .. }
            | Self::AtWork { used, .. } => used,
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

    /// Forgets that it was used. Returns whether it was.
    pub(super) fn clear_used(&self) -> bool {
        let was_used = self.was_used();
        self.used().store(false, Ordering::Relaxed);
        was_used
    }

    /// Schedules the next refresh. Returns false if an engine is at work, which does that when it
    /// ends.
    pub(super) fn schedule(&mut self, due: u32) -> bool {
        match self {
            Self::AtRest { scheduled, .. } | Self::InTrouble { scheduled, .. } => *scheduled = due,
            Self::AtWork { .. } => return false,
        }
        true
    }

    pub(super) fn is_scheduled_for(&self, second: u32) -> bool {
        match self {
            Self::AtRest { scheduled, .. } | Self::InTrouble { scheduled, .. } => {
                *scheduled == second
            }
            Self::AtWork { .. } => false,
        }
    }

    /// Ends the engine if nobody but this slot holds it, and it has nothing to do.
    pub(super) fn settle(&mut self) -> Ended {
        let Self::AtWork { engine, kept, .. } = self else {
            return Ended::No;
        };
        // Others get it only through this slot, which is locked.
        if Arc::strong_count(engine) > 1 || !engine.is_idle() {
            return Ended::No;
        }
        let (cached, kept) = (engine.current.cached(), *kept);
        let used = AtomicBool::new(self.was_used());
        let scheduled = NEVER;
        let at_rest = Self::AtRest {
            used,
            scheduled,
            cached,
        };
        let Self::AtWork { engine, used, .. } = std::mem::replace(self, at_rest) else {
            return Ended::No;
        };
        match Arc::try_unwrap(engine) {
            Ok(engine) => self.come_to_rest(engine, kept),
            // One that holds it weakly, such as `keep_fresh` of a cache, was quicker.
            Err(engine) => {
                *self = Self::AtWork { used, kept, engine };
                Ended::No
            }
        }
    }

    fn come_to_rest(&mut self, engine: Shared, kept: bool) -> Ended {
        let now = engine.current.now().elapsed;
        let (due_in, needs_login) = (engine.current.until_due(), engine.current.needs_login());
        let rest = engine.into_rest();
        let is_in_order = rest.trouble.is_none();
        let is_useful = !rest.cached.is_placeholder() && (kept || self.was_used());
        if is_in_order && !is_useful {
            return Ended::Useless;
        }
        let pause = match (is_in_order, &needs_login) {
            (true, _) => due_in,
            (false, None) => due_in.max(COOL_DOWN),
            (false, Some(_)) => BETWEEN_LOOKS,
        };
        if !is_in_order {
            let (used, scheduled) = (AtomicBool::new(self.was_used()), NEVER);
            let rest = Box::new(InTrouble { rest, needs_login });
            *self = Self::InTrouble {
                used,
                scheduled,
                rest,
            };
        }
        let due = second(now.saturating_add(pause));
        self.schedule(due);
        Ended::Kept(due)
    }
}
