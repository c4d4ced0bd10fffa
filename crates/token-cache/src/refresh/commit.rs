//! The conditional commit of a new token, and what follows from its result.

use std::sync::atomic::Ordering;

use token_core::store::{CommitCondition, Committed, Record, StoreError};
use token_core::{Error, Generation, Token};

use super::exchange::Issued;
use super::stored::Stored;
use super::{Refresher, record};
use crate::current::events::{Event, Origin};
use crate::current::session::Session;

const FIRST: Generation = Generation::new(1);

/// Result of a write.
pub(super) enum Written {
    Stored,
    /// The store had lost the parent, or was set back to an older token.
    Rewritten,
    Tombstoned,
    /// Another child is stored.
    Lost(Stored),
}

impl Refresher {
    /// Commits a token and puts it in use.
    ///
    /// # Errors
    ///
    /// If the grant was logged out meanwhile; why the access token is unusable, if only the refresh
    /// token is new.
    pub(super) async fn commit(
        &self,
        session: Session<'_>,
        issued: &Issued,
        condition: &CommitCondition,
        origin: Origin,
    ) -> Result<(), Error> {
        tell_what_is_odd(session, &issued.token);
        let record = match self.record(session, &issued.token) {
            Ok(record) => record,
            Err(error) => {
                let serving = self.unpersisted(session, issued, origin, &error, None);
                return Box::pin(serving).await;
            }
        };
        let written = match self.write(condition, &record).await {
            Ok(written) => written,
            Err(error) => {
                let pending = Some((condition.clone(), record));
                let serving = self.unpersisted(session, issued, origin, &error, pending);
                return Box::pin(serving).await;
            }
        };
        self.only_in_memory.store(false, Ordering::Release);
        if matches!(written, Written::Stored | Written::Rewritten) {
            session.publish(issued.token.clone(), issued.asked, origin);
        }
        self.act_on(session, &issued.token, &written).await?;
        issued.error.clone().map_or(Ok(()), Err)
    }

    /// Serves a token that the store did not take from memory, keeps it in the fallback store, and
    /// leaves it to be written again until the store acknowledges it.
    ///
    /// # Errors
    ///
    /// Why the access token is unusable, if only the refresh token is new.
    pub(super) async fn unpersisted(
        &self,
        session: Session<'_>,
        issued: &Issued,
        origin: Origin,
        error: &StoreError,
        pending: Option<(CommitCondition, Record)>,
    ) -> Result<(), Error> {
        self.only_in_memory
            .store(pending.is_none(), Ordering::Release);
        let generation = issued.token.generation();
        let kept = match &pending {
            // A later process must not find what a logout has ended.
            Some((_, record)) if session.is_current() => self.fallback.keep(record).await,
            _ => Ok(()),
        };
        session.publish(issued.token.clone(), issued.asked, origin);
        let error = error.to_error().with_key(session.key());
        session.emit(Event::PersistFailed { generation, error });
        if let Err(error) = kept {
            let error = error.to_error().with_key(session.key());
            session.emit(Event::FallbackFailed { generation, error });
        }
        if let Some((condition, record)) = pending {
            self.pending.keep(condition, record);
        }
        issued.error.clone().map_or(Ok(()), Err)
    }

    /// Returns the record of a token, as it is committed now. The end of the cached access token
    /// was read from the wall clock of then, so for that one the time now is given by that clock
    /// too.
    pub(super) fn record(&self, session: Session<'_>, token: &Token) -> Result<Record, StoreError> {
        let (cached, now) = (session.cached(), session.now());
        let written_at = match token.access().same_as(cached.token().access()) {
            true => now.effective_now(&cached.anchor()),
            false => now.wall,
        };
        let mut record = record::write(self.store.key(), token, written_at)?;
        record.initial = self.initial.of_the_grant();
        Ok(record)
    }

    /// Writes if the store holds the parent. What the store has lost is written again, but never
    /// over a tombstone.
    pub(super) async fn write(
        &self,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Written, StoreError> {
        let held = match self.store.commit(condition, record).await? {
            Committed::Stored => return Ok(Written::Stored),
            Committed::Tombstoned => return Ok(Written::Tombstoned),
            Committed::Missing => None,
            _ => {
                let winner = self.store.load().await?;
                // A generation below ours is no rival: a failover or a backup brought an ancestor
                // back.
                if winner.generation() >= Some(record.generation) {
                    return Ok(Written::Lost(winner));
                }
                winner.generation()
            }
        };
        // If the store holds the generation before, it has lost nothing: a token from the fallback
        // store does not name its parent. That of a first token is the user's own, which no store
        // had.
        let next = held.map_or(FIRST, Generation::next);
        match self
            .store
            .commit(&CommitCondition::UnlessTombstoned, record)
            .await?
        {
            Committed::Tombstoned => Ok(Written::Tombstoned),
            Committed::Stored if record.generation <= next => Ok(Written::Stored),
            Committed::Stored => Ok(Written::Rewritten),
            _ => Ok(Written::Lost(self.store.load().await?)),
        }
    }

    /// Uses the token that the store has now, and emits what happened.
    pub(super) async fn act_on(
        &self,
        session: Session<'_>,
        token: &Token,
        written: &Written,
    ) -> Result<(), Error> {
        let generation = token.generation();
        match written {
            Written::Stored => session.emit(Event::Persisted { generation }),
            Written::Rewritten => session.emit(Event::Rewritten { generation }),
            Written::Tombstoned => {
                // Nobody will use it. A revocation that fails is sent as an event.
                _ = Box::pin(self.revoke(session, token)).await;
                return Err(session.note_tombstone());
            }
            // The stored one is used. Ours is a spare, in case that one is refused.
            Written::Lost(winner) => {
                session.emit(Event::Superseded { generation });
                self.spares.keep(token.clone());
                self.clear_superseded(winner).await;
                self.adopt(session, winner)?;
            }
        }
        Ok(())
    }
}

fn tell_what_is_odd(session: Session<'_>, token: &Token) {
    let what = token.oddities().to_vec();
    let generation = token.generation();
    if !what.is_empty() {
        session.emit(Event::OddAnswer { generation, what });
    }
}
