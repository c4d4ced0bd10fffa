//! What the store is told of a refused grant, and what it tells: other processes, and this one
//! after a restart, send the refresh token again only for a caller.

use token_core::store::{CommitCondition, Entry, Record, RecordId};
use token_core::{Error, Token};

use super::Refresher;
use super::record::mark::{marked, refusal};
use super::trigger::Trigger;
use crate::current::Current;
use crate::current::decide::Decision;
use crate::current::session::Session;

impl Refresher {
    /// Marks the record of a token that the vendor has refused. The condition sees to it that no
    /// other record is replaced. If the store does not take it, the next process asks the vendor.
    pub(super) async fn mark_refused(
        &self,
        session: Session<'_>,
        stored: &Entry,
        refused: &Token,
        error: &Error,
    ) {
        let Some(record) = &stored.record else { return };
        // An initial token that was refused too is not tried again.
        let initial = self.initial.of_the_grant();
        let is_told = refusal(record).is_some() && record.initial == initial;
        // Without an answer it is the endpoint that refuses, which costs no request.
        if is_told || error.status().is_none() || record.id() != self.id_of(refused) {
            return;
        }
        let Ok(mut marked) = marked(record, error, session.now().wall) else {
            return;
        };
        marked.initial = initial;
        let condition = CommitCondition::ParentIs(record.fingerprint);
        _ = self.store.commit(&condition, &marked).await;
    }

    /// Notes that the record of the current token is marked, or no longer marked: the vendor has
    /// accepted the same token again. Where there is a repeatable login, no person is needed.
    pub(super) fn note_mark(&self, session: Session<'_>, record: &Record) {
        let refusal = refusal(record).filter(|_| !session.has_login());
        if refusal.is_none() && !session.is_refusal_told() {
            return;
        }
        let current = session.token();
        let Some(current) = current.filter(|current| self.id_of(current) == record.id()) else {
            return;
        };
        let Some(error) = refusal else {
            return session.end_told_refusal();
        };
        session.note_revocation(&error, &current);
        if !self.has_alternative_to(record) {
            session.tell_refusal(error);
        }
    }

    /// Whether the record is marked, and no other token is tried before a person must log in.
    pub(super) fn is_for_a_person(&self, record: &Record) -> bool {
        refusal(record).is_some() && !self.has_alternative_to(record)
    }

    /// Returns how a refresh ends that may not send the refresh token, as the vendor has refused
    /// it. A refusal of which only the store tells stops no caller: the vendor may have erred.
    pub(super) fn stopped_by_refusal(
        &self,
        session: Session<'_>,
        trigger: Trigger,
    ) -> Option<Result<(), Error>> {
        let refusal = session.refusal().filter(|_| !session.has_login())?;
        if !session.is_refusal_told() {
            return Some(Err(refusal));
        }
        // It was told when it was found.
        (trigger == Trigger::Background && !self.has_alternatives()).then_some(Ok(()))
    }

    /// Whether nothing is done unless a caller asks. What the fallback store has may be newer than
    /// what was refused; only a refresh reads it, and one that is due in the background does so.
    pub(crate) fn is_left_to_callers(&self, current: &Current) -> bool {
        let is_told = current.is_refusal_told() && !current.has_login();
        is_told && !self.has_alternatives() && !self.may_recover(current)
    }

    fn may_recover(&self, current: &Current) -> bool {
        let is_due = || matches!(current.decide(), Decision::Wait | Decision::UseAndRefresh);
        self.fallback.is_untried() && is_due()
    }

    fn has_alternative_to(&self, record: &Record) -> bool {
        let key = self.store.key();
        !self.spares.is_empty() || self.initial.is_unseen_by(record, key)
    }

    fn has_alternatives(&self) -> bool {
        !self.spares.is_empty() || self.initial.has_unseen(self.store.key())
    }

    fn id_of(&self, token: &Token) -> RecordId {
        RecordId {
            fingerprint: self.fingerprint(token),
            generation: token.generation(),
        }
    }
}
