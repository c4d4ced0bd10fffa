//! When an account stands in the schedule. It stands there once, however often its engine ends; if
//! it is due later than that, it is put there again when its turn comes.

use std::sync::Arc;

use token_core::ClockReading;

use super::{NEVER, Slot, State};
use crate::pool::schedule::{FAR, second};

/// What is to be done for an account whose turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool::accounts) enum Turn {
    /// It was scheduled again since, or is at work.
    Nothing,
    Refresh,
    /// It is to be put into the schedule again, for this second.
    Later(u32),
}

impl Slot {
    /// Notes that it is due. Returns whether it is to be put into the schedule: not if its turn
    /// comes before that.
    pub(in crate::pool::accounts) fn schedule(&mut self, due: u32) -> bool {
        let is_news = due < FAR && due < self.scheduled;
        if is_news {
            self.scheduled = due;
        }
        is_news
    }

    /// Takes the turn that it has in this second.
    pub(in crate::pool::accounts) fn take_turn(&mut self, turn: u32, now: &ClockReading) -> Turn {
        if self.scheduled != turn {
            return Turn::Nothing;
        }
        self.scheduled = NEVER;
        match self.due(now) {
            // Its end schedules it.
            None => Turn::Nothing,
            Some(due) if due <= turn => Turn::Refresh,
            Some(due) if self.schedule(due) => Turn::Later(due),
            Some(_) => Turn::Nothing,
        }
    }

    /// Whether its engine is to be looked at: it works for long, because somebody has its cache,
    /// and a refresh is due; or nobody uses it any more.
    pub(in crate::pool) fn is_left_at_work(&self) -> bool {
        self.at_work().is_some_and(|engine| {
            engine.is_due() || (Arc::strong_count(engine) == 1 && engine.is_idle())
        })
    }

    /// Forgets when it stood in the schedule, and schedules it again. Returns the second if it is
    /// at rest.
    pub(in crate::pool::accounts) fn schedule_again(&mut self, now: &ClockReading) -> Option<u32> {
        self.scheduled = NEVER;
        let due = self.due(now)?;
        self.schedule(due).then_some(due)
    }

    /// Returns the second of elapsed time at which its refresh is due; zero if it is due now;
    /// `None` while an engine is at work.
    fn due(&self, now: &ClockReading) -> Option<u32> {
        match &self.state {
            State::AtRest(cached) => {
                let at = now.effective_now(&cached.anchor());
                let due_in = cached.validity().refresh_at().since(at);
                let due = second(now.elapsed.saturating_add(due_in));
                Some(if due_in.is_zero() { 0 } else { due })
            }
            State::InTrouble(it) => Some(it.until),
            State::AtWork(_) => None,
        }
    }
}
