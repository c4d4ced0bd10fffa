//! What is known about a grant without asking the vendor.

use token_core::store::Entry;
use token_core::{Error, Timestamp, Token};

use super::{Refresher, record};
use crate::current::session::Session;

/// Whether there is a grant, and what it is good for. Returned by
/// [`TokenCache::grant_state`](crate::TokenCache::grant_state).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantState {
    /// There is a live access token.
    Active,
    /// There is none, but the next [`token`](crate::TokenCache::token) can get one, by a refresh or
    /// a repeatable login.
    Restorable,
    /// The refresh token has expired, and there is no repeatable login: somebody must log in again.
    Expired,
    /// There is no grant, it was logged out, or the vendor refused it: somebody must log in.
    LoginRequired,
}

impl Refresher {
    pub(crate) async fn grant_state(&self, session: Session<'_>) -> Result<GrantState, Error> {
        if session.live().is_some() {
            return Ok(GrantState::Active);
        }
        let stored = self.store.load().await;
        let stored = stored.map_err(|error| error.to_error().with_key(session.key()))?;
        let now = session.now();
        let token = match &stored.record {
            Some(record) => {
                let read = record::read(record, stored.record_age(&now), now.wall);
                Some(read.map_err(|error| error.to_error().with_key(session.key()))?)
            }
            None => None,
        };
        Ok(self.judge(session, &stored, token.as_ref(), now.wall))
    }

    fn judge(
        &self,
        session: Session<'_>,
        stored: &Entry,
        token: Option<&Token>,
        now: Timestamp,
    ) -> GrantState {
        if token.is_some_and(|token| is_live(session, token, now)) {
            return GrantState::Active;
        }
        if session.has_login() {
            return GrantState::Restorable;
        }
        let record = stored.record.as_ref();
        let is_marked = record.is_some_and(|record| self.is_for_a_person(record));
        if stored.tombstoned || is_marked || is_refused(session, token) {
            return GrantState::LoginRequired;
        }
        // If nothing is stored, the current token counts, or an initial token that no refresh has
        // stored yet.
        let unstored = session.token().or_else(|| self.initial.untried());
        match token.or(unstored.as_ref()) {
            None => GrantState::LoginRequired,
            Some(token) if token.refresh_expires_at().is_some_and(|end| end <= now) => {
                GrantState::Expired
            }
            Some(_) => GrantState::Restorable,
        }
    }
}

/// The current token is not live here: if its expiry says otherwise, it was rejected.
fn is_live(session: Session<'_>, token: &Token, now: Timestamp) -> bool {
    let current = session.token();
    let is_current = current.is_some_and(|current| current.same_secrets_as(token));
    !is_current && token.validity().expires_at() > now
}

/// A refusal no longer counts once the store has a newer token. One of which only the store tells
/// counts as long as its record is marked.
fn is_refused(session: Session<'_>, token: Option<&Token>) -> bool {
    let is_over = token.is_some_and(|token| {
        token.generation() > session.generation() || session.is_refusal_told()
    });
    session.refusal().is_some() && !is_over
}
