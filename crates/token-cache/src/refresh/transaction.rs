//! The refresh transaction: how a token that may work only once is spent by one owner of many, and
//! not lost. Top to bottom it is the order of events.

use std::sync::Arc;
use std::time::Duration;

use token_core::store::Entry;
use token_core::{Error, ErrorKind, Generation, Rotation, Token};

use super::Refresher;
use super::adopt::stored_generation;
use super::begin::{Begun, needs_no_exchange};
use super::exchange::broke_off;
use super::lease::Lease;
use super::parent::Parent;
use super::spend::Obtained;
use super::stored::Stored;
use super::trigger::Trigger;
use crate::current::session::Session;

impl Refresher {
    pub(super) async fn refresh<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &mut Stored,
        trigger: Trigger,
    ) -> Result<(), Error> {
        // 1. Load and adopt: what another owner brought costs no request.
        let begun = self.adopt_stored(session, lease, stored, trigger).await?;
        let Begun::With(mut current) = begun else {
            return Ok(());
        };
        if let Some(stopped) = self.stopped_by_refusal(session, trigger) {
            return stopped;
        }

        // 2. Wait: another owner may have spent this token, and others may want the same vendor.
        let (follows, stored_generation) = (Follows::of(stored), stored_generation(stored));
        let before = session.cached();
        if self.wait_out_doubt(session, lease, stored).await?
            || self.wait_for_turn(session, lease, stored, trigger).await?
        {
            return Ok(());
        }
        // Whoever reads the store adopts what it finds. That may be what the token was spent for.
        if follows == Follows::Grant && !Arc::ptr_eq(&before, &session.cached()) {
            let Begun::With(newer) = self.begun(session, None) else {
                return Ok(());
            };
            current = newer;
        }
        let token = current.as_ref().map(|current| &current.token);
        may_spend(session, follows, stored_generation, token)?;

        // 3. Intent: durable before the token is spent. The lease must still be ours.
        let newest_generation = stored_generation.max(token.map(Token::generation));
        let intent = match follows == Follows::Grant && spends_nothing(session, token) {
            true => Declared::Nothing,
            false => Declared::Intent,
        };
        let declared = match intent {
            Declared::Nothing => lease.check_if_reachable().await.map(Ok)?,
            Declared::Intent => {
                let declared = self.declare(lease, current.as_ref(), newest_generation);
                declared.await?
            }
        };
        if let Err(error) = declared {
            return Box::pin(self.without_store(session, &error, trigger)).await;
        }
        if let Some(overtaken) = self.overtaken(session, follows, token, intent).await {
            return overtaken;
        }

        // 4. Send. 5. Commit, or whatever the outcome asks for.
        let current = current.as_ref();
        self.obtain_and_commit(session, lease, current, newest_generation, follows, intent)
            .await
    }

    /// Withdraws the intent if a logout or a commit came while it was written, and returns how the
    /// refresh ends then.
    async fn overtaken(
        &self,
        session: Session<'_>,
        follows: Follows,
        token: Option<&Token>,
        intent: Declared,
    ) -> Option<Result<(), Error>> {
        if !session.is_current() {
            self.withdraw(intent).await;
            return Some(Err(session.note_tombstone()));
        }
        let newest = session.token_generation();
        let overtaken = may_spend(session, follows, newest, token).err()?;
        self.withdraw(intent).await;
        Some(match needs_no_exchange(session) {
            true => Ok(()),
            false => Err(overtaken),
        })
    }

    async fn obtain_and_commit(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        current: Option<&Parent>,
        newest_generation: Option<Generation>,
        follows: Follows,
        intent: Declared,
    ) -> Result<(), Error> {
        let begun = session.now().elapsed;
        let spending = Spending::begin(session, begun, current.is_some());
        let obtained = self.obtain_next(session, current, newest_generation).await;
        self.note_admitted(begun, &obtained);
        lease.end_turn();
        let obtained = match follows {
            Follows::Grant => obtained,
            Follows::Logout => self.after_logout(obtained),
        };
        let handled = self
            .handle_outcome(session, &obtained, newest_generation, intent)
            .await;
        spending.end();
        handled
    }

    /// A grant that begins after a logout replaces the tombstone, if our login still stands. An
    /// initial token that was not refused is tried again.
    fn after_logout(&self, obtained: Result<Obtained, Error>) -> Result<Obtained, Error> {
        match obtained {
            Ok(Obtained::Issued(issued, _, origin)) => {
                Ok(Obtained::Issued(issued, self.by_our_login(), origin))
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
    async fn handle_outcome(
        &self,
        session: Session<'_>,
        obtained: &Result<Obtained, Error>,
        newest_generation: Option<Generation>,
        intent: Declared,
    ) -> Result<(), Error> {
        match obtained {
            Ok(Obtained::Issued(issued, condition, origin)) => {
                let is_repeated = Some(issued.token.generation()) <= newest_generation;
                let committed = self.commit(session, issued, condition, *origin).await;
                if is_repeated {
                    // A commit clears only the intents of older generations.
                    self.withdraw(intent).await;
                }
                committed
            }
            Ok(Obtained::Adopted) => {
                self.withdraw(intent).await;
                Ok(())
            }
            Err(error) => {
                if !session.leaves_doubt(error) {
                    self.withdraw(intent).await;
                }
                Err(error.clone())
            }
        }
    }

    async fn withdraw(&self, intent: Declared) {
        if intent == Declared::Intent {
            self.store.clear_intent().await;
        }
    }
}

/// Whether the vendor accepts the refresh token any number of times: then no other owner needs to
/// be warned of its use.
fn spends_nothing(session: Session<'_>, current: Option<&Token>) -> bool {
    current.is_some() && session.rotation() == Rotation::Idempotent
}

/// During a local logout, new tokens are withheld, so the cached one may already be spent. It is
/// not sent. Nor is an ancestor of the newest one in the grant.
fn may_spend(
    session: Session<'_>,
    follows: Follows,
    newest_generation: Option<Generation>,
    current: Option<&Token>,
) -> Result<(), Error> {
    let newest = newest_generation.filter(|_| follows == Follows::Grant);
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

/// Whether the store has an intent of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Intent,
    /// There was nothing to warn of.
    Nothing,
}

/// What the next token follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// The stored grant, or nothing.
    Grant,
    /// A logout, whose tombstone is stored.
    Logout,
}

impl Follows {
    fn of(stored: &Entry) -> Self {
        match stored.tombstoned {
            true => Self::Logout,
            false => Self::Grant,
        }
    }
}

/// From the declared intent to its outcome. If it is dropped in between, with its runtime or by a
/// panic, the token is in doubt.
struct Spending<'a> {
    session: Session<'a>,
    is_open: bool,
}

impl<'a> Spending<'a> {
    /// A login, without a current token, spends nothing.
    fn begin(session: Session<'a>, elapsed: Duration, has_token: bool) -> Self {
        session.exchange_begins(elapsed);
        Self {
            session,
            is_open: has_token,
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
