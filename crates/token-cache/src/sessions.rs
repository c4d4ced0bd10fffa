//! What comes late from before a logout is not put into anybody's hands.

use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::{ClockReading, Token};

use crate::events::Origin;

/// From one logout to the next. A task remembers the session that it began in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Session(u64);

/// A token on its way to the callers.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) token: Token,
    pub(crate) anchor: ClockReading,
    pub(crate) origin: Origin,
}

/// The session of a cache.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    current: Session,
    /// How many logouts are under way: publishing waits for their end.
    logouts: u32,
    withheld: Option<Publication>,
}

impl Sessions {
    pub(crate) fn current(&self) -> Session {
        self.lock().current
    }

    /// Whether a logout is under way: what is published now is withheld, so the token in hand may
    /// have been spent.
    pub(crate) fn is_ending(&self) -> bool {
        self.lock().logouts > 0
    }

    /// Acts if the session goes on. No logout ends it meanwhile.
    pub(crate) fn act_in<T>(&self, session: Session, act: impl FnOnce() -> T) -> Option<T> {
        let state = self.lock();
        (state.current == session).then(act)
    }

    /// Publishes at once; after a logout under way, should that fail; never, if the session has
    /// ended.
    pub(crate) fn publish(
        &self,
        session: Session,
        publication: Publication,
        publish: impl FnOnce(Publication),
    ) {
        let mut state = self.lock();
        if state.current != session {
            return;
        }
        match state.logouts {
            0 => publish(publication),
            _ => state.withheld = Some(publication),
        }
    }

    /// A logout begins.
    pub(crate) fn withhold(&self) {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_add(1);
    }

    /// The logout failed: what was withheld is published.
    pub(crate) fn resume(&self, publish: impl FnOnce(Publication)) {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_sub(1);
        if state.logouts == 0
            && let Some(withheld) = state.withheld.take()
        {
            publish(withheld);
        }
    }

    /// The grant is logged out. `end` clears what is in hand; what was withheld is returned.
    pub(crate) fn end(&self, end: impl FnOnce()) -> Option<Token> {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_sub(1);
        state.current = Session(state.current.0.wrapping_add(1));
        end();
        state.withheld.take().map(|withheld| withheld.token)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
