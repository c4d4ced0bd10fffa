//! What a refresh begins with: the stored token, or the initial token of the program.

use token_core::store::{CommitCondition, Committed};
use token_core::{Error, Token};

use super::Refresher;
use super::lease::Lease;
use super::parent::Parent;
use super::stored::Stored;
use super::trigger::Trigger;
use crate::current::decide::Decision;
use crate::current::events::Origin;
use crate::current::session::Session;

/// What a refresh begins with.
pub(super) enum Begun {
    /// With this token; without one, only a login can help.
    With(Option<Parent>),
    /// No exchange is needed: there is a token already, or nobody asked for one.
    Done,
}

impl Refresher {
    /// Adopts what is stored. The initial token is used if the store knows no better.
    pub(super) async fn adopt_stored(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
        trigger: Trigger,
    ) -> Result<Begun, Error> {
        if stored.tombstoned {
            return Box::pin(self.start_over(session, lease, stored, trigger)).await;
        }
        let (_, parent) = self.adopt_for_parent(session, stored)?;
        if stored.record.is_none() && session.token_generation().is_none() {
            self.with_initial(session).await?;
        }
        Ok(self.begun(session, parent))
    }

    /// Returns what to send: this token if there is one, else the current one.
    pub(super) fn begun(&self, session: Session<'_>, parent: Option<Parent>) -> Begun {
        if needs_no_exchange(session) {
            return Begun::Done;
        }
        let current = || session.token().map(|token| self.parent(token));
        Begun::With(parent.or_else(current))
    }

    /// Begins after a logout: with an initial token that the logout did not end, or by a login if a
    /// caller asks for a token.
    async fn start_over(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
        trigger: Trigger,
    ) -> Result<Begun, Error> {
        let logged_out = session.note_tombstone();
        self.initial.learn_from(stored);
        // A caller that asked before a logout in this process did not ask for a new grant; a logout
        // in another process is not noticed here.
        if !session.is_current() {
            return Err(logged_out);
        }
        if let Some(initial) = self.initial.take_unseen(self.store.key()) {
            if session.is_expired(&initial) {
                return Ok(Begun::With(Some(self.parent(initial))));
            }
            self.set_token(session, lease, stored, initial).await?;
            return Ok(Begun::Done);
        }
        if !session.has_login() {
            return Err(logged_out);
        }
        session.set_logged_out();
        Ok(match trigger {
            Trigger::Caller => Begun::With(None),
            Trigger::Background => Begun::Done,
        })
    }

    /// Uses the initial token, as nothing is stored. A live one is stored at once, so that other
    /// owners find it.
    async fn with_initial(&self, session: Session<'_>) -> Result<(), Error> {
        let Some(initial) = self.initial.take_unseen(self.store.key()) else {
            return Ok(());
        };
        if session.is_expired(&initial) {
            use_initial(session, initial);
            return Ok(());
        }
        let committed = match self.record(session, &initial) {
            Ok(record) => {
                let condition = CommitCondition::UnlessTombstoned;
                self.store.commit(&condition, &record).await
            }
            Err(error) => Err(error),
        };
        match committed {
            Ok(Committed::Tombstoned) => Err(session.note_tombstone()),
            // Another owner was quicker.
            Ok(Committed::Lost) => {
                let stored = self.store.load().await.map_err(|error| error.to_error())?;
                self.adopt(session, &stored).map(drop)
            }
            // A store that cannot be written does not make the token unusable; the intent before
            // its refresh reports it.
            _ => {
                use_initial(session, initial);
                Ok(())
            }
        }
    }

    /// Uses the initial token, as the store cannot be written.
    pub(super) fn with_initial_in_memory(&self, session: Session<'_>) {
        if session.token_generation().is_none()
            && let Some(initial) = self.initial.take_unseen(self.store.key())
        {
            use_initial(session, initial);
        }
    }
}

/// Whether the current token is fresh, and no caller asked for a newer one.
pub(super) fn needs_no_exchange(session: Session<'_>) -> bool {
    session.decide() == Decision::Use && !session.is_superseded()
}

fn use_initial(session: Session<'_>, initial: Token) {
    session.publish(initial, session.now(), Origin::Initial);
}
