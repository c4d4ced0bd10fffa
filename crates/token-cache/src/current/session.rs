//! How a task changes what is current: through its [`Session`], which a logout ends.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use token_core::{Clock, ClockReading, Error, ErrorKind, Token};

use super::Current;
use super::cached_token::CachedToken;
use super::events::{Event, Origin};
use super::failures::Brought;
use super::sessions::{Publication, SessionId};
use crate::clock::millis;

/// A task's view of what is current. It changes nothing once a logout has ended the session that
/// the task began in.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    current: &'a Current,
    id: SessionId,
}

impl Current {
    /// Names the session in which a task begins now.
    pub(crate) fn session_id(&self) -> SessionId {
        self.sessions.current()
    }

    pub(crate) fn session(&self, id: SessionId) -> Session<'_> {
        Session { current: self, id }
    }
}

impl<'a> Session<'a> {
    pub(crate) fn clock(&self) -> &'a dyn Clock {
        self.current.clock()
    }

    /// Whether no logout has ended it.
    pub(crate) fn is_current(&self) -> bool {
        self.sessions.current() == self.id
    }

    /// Hands a token, which was obtained at `anchor`, to all callers. Its event is sent before
    /// those who wait go on.
    pub(crate) fn publish(&self, token: Token, anchor: ClockReading, origin: Origin) {
        let publication = Publication {
            token,
            anchor,
            origin,
        };
        let publish = |publication| self.current.replace_token(publication);
        self.sessions.publish(self.id, publication, publish);
        self.published.notify_waiters();
    }

    /// Notes that the store has a tombstone: the token is not served any more. Returns the error
    /// that callers get.
    pub(crate) fn note_tombstone(&self) -> Error {
        self.sessions.act_in(self.id, || {
            self.cached.load().revoke();
            self.meter().ended();
            self.current.set_logged_out();
        });
        // The next caller can log in again, if the vendor has a repeatable login.
        let kind = match self.has_login() {
            true => ErrorKind::Transient { after: None },
            false => ErrorKind::Rejected,
        };
        logged_out(kind)
    }

    /// Notes what the vendor said about this token: with some errors it revokes the access token
    /// too.
    pub(crate) fn note_revocation(&self, error: &Error, token: &Token) {
        if !error.kills_live_token() {
            return;
        }
        self.sessions.act_in(self.id, || {
            let cached = self.cached.load();
            if cached.token().generation() == token.generation() {
                cached.revoke();
                self.meter().ended();
            }
        });
    }

    pub(crate) fn note_failure(&self, error: &Error) {
        self.sessions.act_in(self.id, || {
            let events = self.note_exchange(error, Brought::Nothing);
            events.into_iter().for_each(|event| self.emit(event));
        });
    }

    /// Notes the refusal of which the store tells.
    pub(crate) fn tell_refusal(&self, error: Error) {
        self.sessions.act_in(self.id, || {
            let error = error.with_key(self.key());
            if self.failures.tell_refusal(&error, self.now().elapsed) {
                self.emit(Event::Rejected { error });
            }
        });
    }

    /// Notes that the store no longer tells of a refusal.
    pub(crate) fn end_told_refusal(&self) {
        self.sessions
            .act_in(self.id, || self.failures.end_told_refusal());
    }

    /// Notes that the vendor refused to refresh this token, and a login follows. If that fails, the
    /// next one does not send the token again.
    pub(crate) fn note_refused_refresh(&self, token: &Token) {
        let cached = self.cached.load();
        if cached.is(token) {
            cached.set_refresh_refused(true);
        }
    }

    /// Notes that the login that took the place of a refresh failed. The refresh is tried again,
    /// unless it was refused.
    pub(crate) fn note_failed_login(&self) {
        if !self.cached.load().is_refresh_refused() {
            self.failures.note_failed_login();
        }
    }

    /// From this elapsed time on the refresh token may be spent.
    pub(crate) fn exchange_begins(&self, elapsed: Duration) {
        self.exchange_began
            .store(millis(elapsed), Ordering::Release);
    }
}

pub(super) fn logged_out(kind: ErrorKind) -> Error {
    Error::new(kind, "the grant was logged out")
}

/// Reads go to [`Current`]; changes go through `act_in`, which a logout ends.
impl Deref for Session<'_> {
    type Target = Current;

    fn deref(&self) -> &Current {
        self.current
    }
}

/// A logout, in three steps: nothing is published from its beginning on; then it succeeds or fails.
impl Current {
    pub(crate) fn begin_logout(&self) {
        self.sessions.withhold();
    }

    /// Publishes what was withheld.
    pub(crate) fn abandon_logout(&self) {
        self.sessions
            .resume(|publication| self.replace_token(publication));
        self.published.notify_waiters();
    }

    /// Forgets the token, and returns the one that was withheld.
    pub(crate) fn complete_logout(&self) -> Option<Token> {
        let withheld = self.sessions.end(|| self.forget_token());
        self.published.notify_waiters();
        withheld
    }

    /// Whether a logout is under way: the cached token may be an ancestor of a withheld one.
    pub(crate) fn is_logging_out(&self) -> bool {
        self.sessions.is_ending()
    }

    /// Notes that a tombstone was met.
    pub(crate) fn set_logged_out(&self) {
        self.logged_out.store(true, Ordering::Release);
    }

    fn forget_token(&self) {
        let placeholder = CachedToken::placeholder(self.now());
        placeholder.revoke();
        self.cached.store(Arc::new(placeholder));
        self.meter().ended();
        self.failures.clear();
        self.set_logged_out();
    }
}
