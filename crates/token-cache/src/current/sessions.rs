//! What comes late from before a logout is not published.

use std::sync::{Mutex, MutexGuard, PoisonError};

use token_core::{ClockReading, Token};

use super::events::Origin;

/// Names a session, which lasts from one logout to the next. A task remembers the one it began in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionId(u64);

/// A token on its way to the callers.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) token: Token,
    pub(crate) anchor: ClockReading,
    pub(crate) origin: Origin,
}

/// The sessions of a cache, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    current: SessionId,
    /// How many logouts are under way: publishing waits for their end.
    logouts: u32,
    withheld: Option<Box<Publication>>,
}

impl Sessions {
    pub(crate) fn current(&self) -> SessionId {
        self.lock().current
    }

    /// Whether a logout is under way. What is published now is withheld, so the cached token may
    /// have been spent.
    pub(crate) fn is_ending(&self) -> bool {
        self.lock().logouts > 0
    }

    /// Acts if the session has not ended. No logout ends it meanwhile.
    pub(crate) fn act_in<T>(&self, session: SessionId, act: impl FnOnce() -> T) -> Option<T> {
        let state = self.lock();
        (state.current == session).then(act)
    }

    /// Publishes at once; after a logout that is under way, if that fails; never, if the session
    /// has ended.
    pub(crate) fn publish(
        &self,
        session: SessionId,
        publication: Publication,
        publish: impl FnOnce(Publication),
    ) {
        let mut state = self.lock();
        if state.current != session {
            return;
        }
        match state.logouts {
            0 => publish(publication),
            _ => state.withheld = Some(Box::new(publication)),
        }
    }

    /// Begins a logout: publishing waits for its end.
    pub(crate) fn withhold(&self) {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_add(1);
    }

    /// Ends a logout that failed: what was withheld is published.
    pub(crate) fn resume(&self, publish: impl FnOnce(Publication)) {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_sub(1);
        if state.logouts == 0
            && let Some(withheld) = state.withheld.take()
        {
            publish(*withheld);
        }
    }

    /// Ends a logout that succeeded. `end` clears the cached token; what was withheld is returned.
    pub(crate) fn end(&self, end: impl FnOnce()) -> Option<Token> {
        let mut state = self.lock();
        state.logouts = state.logouts.saturating_sub(1);
        state.current = SessionId(state.current.0.wrapping_add(1));
        end();
        state.withheld.take().map(|withheld| withheld.token)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
