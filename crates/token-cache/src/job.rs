//! What a task works for.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use token_core::store::{Record, StoreError};
use token_core::{ClockReading, Error, ErrorKind, Token};

use crate::engine::Engine;
use crate::events::Origin;
use crate::record;
use crate::sessions::{Publication, Session};

/// One task's view of the engine. It changes nothing that a logout has put behind it since it
/// began.
#[derive(Clone)]
pub(crate) struct Job {
    engine: Arc<Engine>,
    session: Session,
}

impl Job {
    pub(crate) fn of(engine: &Arc<Engine>) -> Self {
        Self {
            engine: engine.clone(),
            session: engine.sessions.current(),
        }
    }

    /// Whether no logout has come since it began.
    pub(crate) fn is_current(&self) -> bool {
        self.engine.sessions.current() == self.session
    }

    /// How many hold the engine: tasks such as this one, and the handles of the cache.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.engine)
    }

    /// The record of a token, as it is committed now. The end of an access token that is in hand
    /// already was read from the wall clock of then, so the time now is told by that clock too.
    pub(crate) fn record(&self, token: &Token) -> Result<Record, StoreError> {
        let (held, now) = (self.held(), self.clock.now());
        let written_at = match token.access().same_as(held.token().access()) {
            true => now.effective_now(held.anchor()),
            false => now.wall,
        };
        let mut record = record::write(&self.key, token, written_at)?;
        record.initial = self.initial.of_the_family();
        Ok(record)
    }

    /// Puts a token into everybody's hands, and tells of it before those who waited go on.
    pub(crate) fn publish(&self, token: Token, anchor: ClockReading, origin: Origin) {
        let publication = Publication {
            token,
            anchor,
            origin,
        };
        let publish = |publication| self.engine.take_over(publication);
        self.engine
            .sessions
            .publish(self.session, publication, publish);
        self.engine.published.notify_waiters();
    }

    /// A tombstone was met: the token is not served any more.
    pub(crate) fn logged_out(&self) -> Error {
        let kill = || {
            self.engine.held().kill();
            self.engine.tombstoned.store(true, Ordering::Release);
        };
        self.engine.sessions.act_in(self.session, kill);
        // Whoever asks next can log in again by himself, if the vendor has a repeatable login.
        let kind = match self.has_login() {
            true => ErrorKind::Transient { after: None },
            false => ErrorKind::Rejected,
        };
        Error::new(kind, "the grant was logged out")
    }

    /// The vendor said with this error that it killed the token too.
    pub(crate) fn note_kill(&self, error: &Error, token: &Token) {
        let kill = || self.engine.kill(token);
        if error.kills_live_token() {
            self.engine.sessions.act_in(self.session, kill);
        }
    }

    pub(crate) fn note_failure(&self, error: &Error) {
        let note = || self.engine.note_failure(error);
        self.engine.sessions.act_in(self.session, note);
    }
}

impl Deref for Job {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}
