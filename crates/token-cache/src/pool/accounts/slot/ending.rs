//! The end of an engine that has nothing to do.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{InTrouble, Slot, State, Stays};
use crate::flight::Shared;
use crate::pool::schedule::second;

/// After a failure nothing is tried in the background for this long: a vendor that is down, or a
/// grant that is dead, is not asked all the time.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The store is looked at this often for a new grant in the place of one that was refused or logged
/// out. The vendor is not asked.
const BETWEEN_LOOKS: Duration = Duration::from_secs(15 * 60);

/// What became of an engine.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::pool::accounts) enum Ended {
    No,
    /// Yes; and this second is to be put into the schedule.
    Kept(Option<u32>),
    /// Nothing is left that is worth keeping.
    Useless,
}

impl Slot {
    /// Notes that the program forgets the account. Returns whether nothing is left to do for it:
    /// a refresh token that may have been spent is not sent again because nobody remembers it.
    pub(in crate::pool::accounts) fn forget(&mut self) -> bool {
        self.used.store(false, Ordering::Relaxed);
        self.stays = Stays::IfUsedAgain;
        match &self.state {
            State::AtRest(_) => true,
            State::InTrouble(it) => !it.rest.is_in_doubt(),
            State::AtWork(_) => self.settle() == Ended::Useless,
        }
    }

    /// Ends the engine if nobody but this slot holds it, and it has nothing to do.
    pub(in crate::pool::accounts) fn settle(&mut self) -> Ended {
        let Some(engine) = self.at_work() else {
            return Ended::No;
        };
        // Others get it only through this slot, which is locked.
        if Arc::strong_count(engine) > 1 || !engine.is_idle() {
            return Ended::No;
        }
        let at_rest = State::AtRest(engine.current.cached());
        let State::AtWork(engine) = std::mem::replace(&mut self.state, at_rest) else {
            return Ended::No;
        };
        match Arc::try_unwrap(engine) {
            Ok(mut engine) => self.come_to_rest(&mut engine),
            // One that holds it weakly, such as `keep_fresh` of a cache, was quicker.
            Err(engine) => {
                self.state = State::AtWork(engine);
                Ended::No
            }
        }
    }

    fn come_to_rest(&mut self, engine: &mut Shared) -> Ended {
        let current = &engine.current;
        let now = current.now();
        let (due_in, needs_login) = (current.until_due(&now), current.needs_login());
        let is_over = needs_login.is_some() || current.is_logged_out();
        let rest = engine.take_rest();
        let is_in_order = rest.trouble.is_none();
        let is_wanted = self.stays == Stays::Always || self.was_used();
        let is_useful = !rest.cached.is_placeholder() && is_wanted;
        let is_forgotten = self.stays == Stays::IfUsedAgain && !is_wanted && !rest.is_in_doubt();
        if (is_in_order && !is_useful) || is_forgotten {
            return Ended::Useless;
        }
        if is_wanted {
            self.stays = Stays::Always;
        }
        let pause = match (is_in_order, is_over) {
            (true, _) => due_in,
            (false, false) => due_in.max(COOL_DOWN),
            (false, true) => BETWEEN_LOOKS,
        };
        let due = second(now.elapsed.saturating_add(pause));
        if !is_in_order {
            self.state = State::InTrouble(Box::new(InTrouble {
                rest,
                needs_login,
                until: due,
            }));
        }
        self.recount();
        Ended::Kept(self.schedule(due).then_some(due))
    }
}
