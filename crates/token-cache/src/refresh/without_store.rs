//! A refresh while the store cannot be reached, or cannot be written.

use token_core::store::StoreError;
use token_core::{Error, Rotation, Token};

use super::Refresher;
use super::begin::needs_no_exchange;
use super::spend::Obtained;
use super::trigger::Trigger;
use crate::current::session::Session;

impl Refresher {
    /// Refreshes nevertheless. A live token that can be read is used. What can be sent again is
    /// sent; a single-use refresh token is not spent.
    pub(super) async fn without_store(
        &self,
        session: Session<'_>,
        error: &StoreError,
        trigger: Trigger,
    ) -> Result<(), Error> {
        if let Ok(stored) = self.store.load().await {
            if stored.tombstoned {
                let logged_out = session.note_tombstone();
                // A login that cannot write its intent could not replace the tombstone.
                return Err(match session.has_login() {
                    true => error.to_error(),
                    false => logged_out,
                });
            }
            self.adopt(session, &stored)?;
        }
        self.with_initial_in_memory(session);
        if needs_no_exchange(session) {
            return Ok(());
        }
        if let Some(stopped) = self.stopped_by_refusal(session, trigger) {
            return stopped;
        }
        let current = session.token();
        let is_harmless = match &current {
            Some(_) => session.rotation() == Rotation::Idempotent,
            None => session.has_login(),
        };
        if !is_harmless {
            return Err(error.to_error());
        }
        let newest_generation = current.as_ref().map(Token::generation);
        let current = current.map(|token| self.parent(token));
        let Obtained::Issued(issued, condition, origin) = self
            .obtain_next(session, current.as_ref(), newest_generation)
            .await?
        else {
            return Ok(());
        };
        let record = self.record(session, &issued.token).ok();
        let pending = record.map(|record| (condition, record));
        self.unpersisted(session, &issued, origin, error, pending)
            .await
    }
}
