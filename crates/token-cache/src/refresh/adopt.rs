//! When a stored token takes the place of the current one.

use std::sync::Arc;

use token_core::store::{Entry, Record};
use token_core::{Error, Generation, Token};

use super::Refresher;
use super::parent::Parent;
use super::record::Written;
use super::stored::Stored;
use crate::current::decide::Decision;
use crate::current::events::Origin;
use crate::current::session::Session;

/// What was adopted from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adopted {
    Nothing,
    /// A token that is to be refreshed itself.
    Due,
    /// A token that needs no refresh.
    Fresh,
}

impl Refresher {
    /// Adopts the stored token if it is newer than the current one, or another of the same
    /// generation: what is stored counts. If the current token is dead, any other is better.
    pub(super) fn adopt(&self, session: Session<'_>, stored: &Stored) -> Result<Adopted, Error> {
        let (adopted, _) = self.adopt_for_parent(session, stored)?;
        Ok(adopted)
    }

    /// The same. Also returns the current token if its record is what is stored.
    pub(super) fn adopt_for_parent(
        &self,
        session: Session<'_>,
        stored: &Stored,
    ) -> Result<(Adopted, Option<Parent>), Error> {
        self.adopt_if(session, stored, |token| {
            is_newer(token, session) || session.is_dead()
        })
    }

    /// Adopts any stored token but the current one, which was refused.
    pub(super) fn adopt_in_place_of_refused(
        &self,
        session: Session<'_>,
        stored: &Stored,
    ) -> Result<Adopted, Error> {
        let (adopted, _) = self.adopt_if(session, stored, |_| true)?;
        Ok(adopted)
    }

    fn adopt_if(
        &self,
        session: Session<'_>,
        stored: &Stored,
        is_better: impl FnOnce(&Token) -> bool,
    ) -> Result<(Adopted, Option<Parent>), Error> {
        self.initial.learn_from(stored);
        if stored.tombstoned {
            return Err(session.note_tombstone());
        }
        let Some(record) = &stored.record else {
            return Ok((Adopted::Nothing, None));
        };
        let now = session.now();
        let written = Written::of(record).map_err(|error| error.to_error())?;
        let parent = current_of(&written, session, record);
        // If a failover lost the tombstone, the same token is adopted again.
        if parent.is_some() && !session.is_logged_out() {
            self.note_mark(session, record);
            return Ok((Adopted::Nothing, parent));
        }
        let token = written.token(stored.record_age(&now), now.wall);
        let token = token.map_err(|error| error.to_error())?;
        if !is_better(&token) {
            self.note_mark(session, record);
            return Ok((Adopted::Nothing, parent));
        }
        let before = session.cached();
        session.publish(token, now, Origin::Store);
        if Arc::ptr_eq(&before, &session.cached()) {
            // It is expired and the current one is not; or a logout came in between.
            return Ok((Adopted::Nothing, parent));
        }
        self.note_mark(session, record);
        let adopted = match session.decide() {
            Decision::Use => Adopted::Fresh,
            _ => Adopted::Due,
        };
        Ok((adopted, None))
    }
}

/// Returns the current token if this is its record.
fn current_of(written: &Written<'_>, session: Session<'_>, record: &Record) -> Option<Parent> {
    let current = session.token().filter(|current| written.is_of(current))?;
    Some(Parent::of_record(current, record))
}

/// Returns the generation that a new login follows: that of what is stored, or of what a logout
/// removed. Otherwise an owner that missed the logout would take the new grant for an ancestor of
/// the old one.
pub(super) fn stored_generation(stored: &Entry) -> Option<Generation> {
    stored.generation().or(stored.tombstoned_generation)
}

fn is_newer(token: &Token, session: Session<'_>) -> bool {
    session
        .token_generation()
        .is_none_or(|current| token.generation() >= current)
}
