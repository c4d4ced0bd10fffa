//! The end of a grant.

use std::time::Duration;

use token_core::store::{CommitCondition, Record};
use token_core::{Error, Token};

use super::revoke::LoggedOut;
use super::{Refresher, record};
use crate::current::session::Session;

impl Refresher {
    /// Ends the grant.
    ///
    /// # Errors
    ///
    /// If the tombstone could not be written: then nothing was revoked or dropped.
    pub(crate) async fn logout(&self, session: Session<'_>) -> Result<LoggedOut, Error> {
        let logout = Logout::begin(session);
        let removed = self.entomb(session).await?;
        let Some(token) = self.drop_all(session, removed, logout).await else {
            return Ok(LoggedOut::NothingToRevoke);
        };
        Ok(self.revoke(session, &token).await)
    }

    /// Writes the tombstone, and returns the record that was there. From then on the initial token
    /// is not tried.
    async fn entomb(&self, session: Session<'_>) -> Result<Option<Record>, Error> {
        self.store_initial_token(session).await;
        let removed = self.store.tombstone().await;
        let removed = removed.map_err(|error| error.to_error().with_key(session.key()))?;
        drop(self.initial.take_unseen(self.store.key()));
        Ok(removed)
    }

    /// Stores the initial token, so that the tombstone remembers it and no other process begins
    /// with it again. If this fails, so does the tombstone.
    async fn store_initial_token(&self, session: Session<'_>) {
        let Some((initial, fingerprint)) = self.initial.for_logout(self.store.key()) else {
            return;
        };
        let Ok(mut record) = self.record(session, &initial) else {
            return;
        };
        record.initial = Some(fingerprint);
        let condition = CommitCondition::UnlessTombstoned;
        _ = self.store.commit(&condition, &record).await;
    }

    /// Drops all that could bring the grant back, and returns the newest token of it.
    async fn drop_all(
        &self,
        session: Session<'_>,
        removed: Option<Record>,
        logout: Logout<'_>,
    ) -> Option<Token> {
        let current = session.token();
        let withheld = logout.complete();
        drop(self.spares.take());
        let records = [
            removed,
            self.pending.give_up(),
            self.fallback.give_up().await,
        ];
        let now = session.now().wall;
        let read = |record: Record| record::read(&record, Duration::ZERO, now).ok();
        records
            .into_iter()
            .flatten()
            .filter_map(read)
            .chain(current)
            .chain(withheld)
            .max_by_key(Token::generation)
    }
}

/// While it lives nothing is published. If it is dropped before its end, because the logout failed
/// or broke off, it publishes what was withheld.
struct Logout<'a> {
    session: Session<'a>,
    has_ended: bool,
}

impl<'a> Logout<'a> {
    fn begin(session: Session<'a>) -> Self {
        session.begin_logout();
        Self {
            session,
            has_ended: false,
        }
    }

    /// Returns what was withheld.
    fn complete(mut self) -> Option<Token> {
        self.has_ended = true;
        self.session.complete_logout()
    }
}

impl Drop for Logout<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.session.abandon_logout();
        }
    }
}
