//! The refresh transaction: how a token that may work only once is spent by one holder of many, and
//! not lost. Top to bottom it is the order of events.

use token_core::store::{Entry, StoreError};
use token_core::{Error, ErrorKind, Generation, Rotation, Token};

use super::Refresher;
use super::adopt::{Adopted, newest_generation};
use super::begin::{Begun, Trigger, needs_no_exchange};
use super::exchange::broke_off;
use super::lease::Lease;
use super::spend::Spent;
use crate::current::session::Session;

impl Refresher {
    pub(super) async fn refresh(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: Entry,
        trigger: Trigger,
    ) -> Result<(), Error> {
        // 1. Load and adopt: what another holder brought costs no request.
        let current = match self.begin(session, lease, &stored, trigger).await? {
            Begun::Done => return Ok(()),
            Begun::With(current) => current,
        };
        let tombstoned = stored.tombstoned;
        if let Some(refusal) = session.refusal().filter(|_| !session.has_login()) {
            return Err(refusal);
        }

        // 2. In doubt? Another holder may have spent this token and died.
        let newest = newest_generation(&stored);
        let current = match self.wait_out_doubt(session, lease, stored).await? {
            Adopted::Fresh => return Ok(()),
            Adopted::Due => session.token(),
            Adopted::Nothing => current,
        };
        may_spend(session, newest.filter(|_| !tombstoned), current.as_ref())?;

        // 3. Intent: durable before the token is spent. The lease must still be ours.
        let known = newest.max(current.as_ref().map(Token::generation));
        if let Err(error) = self.declare(lease, current.as_ref(), known).await? {
            return self.without_store(session, &error).await;
        }
        if !session.is_current() {
            self.store.clear_intent().await;
            return Err(session.logged_out());
        }

        // 4. Send. 5. Commit, or what else comes of it.
        self.spend_and_settle(session, current, known, tombstoned)
            .await
    }

    async fn spend_and_settle(
        &self,
        session: Session<'_>,
        current: Option<Token>,
        known: Option<Generation>,
        tombstoned: bool,
    ) -> Result<(), Error> {
        let spending = Spending::begin(session, current.is_some());
        let spent = self.spend(session, current, known).await;
        let spent = match tombstoned {
            true => self.after_logout(spent),
            false => spent,
        };
        let settled = self.settle_spent(session, spent, known).await;
        spending.end();
        settled
    }

    /// A grant that begins after a logout replaces the tombstone, if our login still stands. An
    /// initial token that was not refused is tried again.
    fn after_logout(&self, spent: Result<Spent, Error>) -> Result<Spent, Error> {
        match spent {
            Ok(Spent::Issued(issued, _, origin)) => {
                Ok(Spent::Issued(issued, self.by_our_login(), origin))
            }
            Err(error) if error.kind() != ErrorKind::Rejected => {
                self.initial.give_back();
                Err(error)
            }
            other => other,
        }
    }

    /// The intent of an issued token stands until the commit clears it: it warns the others if we
    /// die in between. So does that of an exchange whose outcome is unknown.
    async fn settle_spent(
        &self,
        session: Session<'_>,
        spent: Result<Spent, Error>,
        known: Option<Generation>,
    ) -> Result<(), Error> {
        match spent {
            Ok(Spent::Issued(issued, condition, origin)) => {
                let is_repeated = Some(issued.token.generation()) <= known;
                let committed = self.commit(session, issued, condition, origin).await;
                if is_repeated {
                    // A commit clears the intents of older generations, and this is none.
                    self.store.clear_intent().await;
                }
                committed
            }
            Ok(Spent::Adopted) => {
                self.store.clear_intent().await;
                Ok(())
            }
            Err(error) if session.leaves_doubt(&error) => Err(error),
            Err(error) => {
                self.store.clear_intent().await;
                Err(error)
            }
        }
    }

    /// Refreshes though the store cannot be reached, or not be written. A live token that can be
    /// read is used. What can be sent again is sent; a single-use refresh token is not spent.
    pub(super) async fn without_store(
        &self,
        session: Session<'_>,
        error: &StoreError,
    ) -> Result<(), Error> {
        if let Ok(stored) = self.store.load().await {
            if stored.tombstoned {
                let logged_out = session.logged_out();
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
        let current = session.token();
        let is_harmless = match &current {
            Some(_) => session.rotation() == Rotation::Idempotent,
            None => session.has_login(),
        };
        if !is_harmless {
            return Err(error.to_error());
        }
        let known = current.as_ref().map(Token::generation);
        let Spent::Issued(issued, condition, origin) = self.spend(session, current, known).await?
        else {
            return Ok(());
        };
        let record = self.record(session, &issued.token).ok();
        let pending = record.map(|record| (condition, record));
        self.unpersisted(session, issued, origin, error, pending)
            .await
    }
}

/// While a logout is under way nothing is published: the current token may be an ancestor of the
/// one that a refresh has just committed.
fn may_spend(
    session: Session<'_>,
    newest: Option<Generation>,
    current: Option<&Token>,
) -> Result<(), Error> {
    let is_ancestor =
        current.is_some_and(|token| token.refresh().is_some() && newest > Some(token.generation()));
    if !session.is_logging_out() && !is_ancestor {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Transient { after: None },
        "a logout or a newer commit is in progress",
    ))
}

/// From the declared intent to its outcome. If it is dropped in between, with its runtime or by a
/// panic, the token is in doubt.
struct Spending<'a> {
    session: Session<'a>,
    is_open: bool,
}

impl<'a> Spending<'a> {
    /// A login spends nothing.
    fn begin(session: Session<'a>, spends: bool) -> Self {
        session.exchange_begins();
        Self {
            session,
            is_open: spends,
        }
    }

    fn end(mut self) {
        self.is_open = false;
    }
}

impl Drop for Spending<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.session.note_failure(&broke_off());
        }
    }
}
