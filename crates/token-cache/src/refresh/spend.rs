//! Obtains the next token: by the refresh that spends the current one, by a login, or from the
//! store after a refusal.

use token_core::store::CommitCondition;
use token_core::{Attempt, Error, ErrorKind, Generation, Request, Rotation, Token, Validity};

use super::adopt::Adopted;
use super::endpoint_source::asked;
use super::exchange::{Issued, RetryPolicy};
use super::parent::Parent;
use super::{Refresher, as_generation_after};
use crate::current::events::Origin;
use crate::current::session::Session;

/// Result of [`Refresher::obtain_next`].
pub(super) enum Obtained {
    Issued(Issued, CommitCondition, Origin),
    Adopted,
}

impl Refresher {
    /// Sends the refresh. After a refusal: the store again, spares, the initial token, the
    /// repeatable login. `newest_generation` is that of the newest token there is.
    pub(super) async fn obtain_next(
        &self,
        session: Session<'_>,
        current: Option<&Parent>,
        newest_generation: Option<Generation>,
    ) -> Result<Obtained, Error> {
        let Some(current) = current else {
            return self.login(session, None, newest_generation).await;
        };
        if session.calls_for_login() {
            let parent = Some(&current.token);
            let login = self.login(session, parent, newest_generation).await;
            return login.inspect_err(|_| session.note_failed_login());
        }
        match self.refresh_with(session, current).await {
            Err(error) if error.kind() == ErrorKind::Rejected => {
                let others = self.after_refusal(session, current, newest_generation, error);
                Box::pin(others).await
            }
            Err(error) => {
                session.note_revocation(&error, &current.token);
                Err(error)
            }
            Ok(obtained) => Ok(self
                .or_login(session, &current.token, newest_generation, obtained)
                .await),
        }
    }

    /// Nothing is deleted because of a refusal.
    async fn after_refusal(
        &self,
        session: Session<'_>,
        current: &Parent,
        newest_generation: Option<Generation>,
        refused: Error,
    ) -> Result<Obtained, Error> {
        let stored = self.store.load().await;
        if let Ok(stored) = &stored
            && self.adopt_in_place_of_refused(session, stored)? != Adopted::Nothing
        {
            return Ok(Obtained::Adopted);
        }
        if let Some((issued, origin)) = self.alternative(session).await? {
            let condition = CommitCondition::ParentIs(current.fingerprint);
            return Ok(Obtained::Issued(
                as_generation_after(issued, newest_generation),
                condition,
                origin,
            ));
        }
        let current = &current.token;
        session.note_revocation(&refused, current);
        if session.has_login() {
            session.note_refused_refresh(current);
            return self.login(session, Some(current), newest_generation).await;
        }
        if let Ok(stored) = stored {
            self.mark_refused(session, &stored, current, &refused).await;
        }
        Err(refused)
    }

    /// Tries the tokens that lost a race, then the initial token of another grant. Each is tried
    /// until the vendor accepts or refuses it.
    async fn alternative(&self, session: Session<'_>) -> Result<Option<(Issued, Origin)>, Error> {
        let mut spares = self.spares.take().into_iter();
        while let Some(spare) = spares.next() {
            let spare = self.parent(spare);
            match self.refresh_with(session, &spare).await {
                Ok(Obtained::Issued(issued, _, origin)) => return Ok(Some((issued, origin))),
                Err(error) if error.kind() != ErrorKind::Rejected => {
                    std::iter::once(spare.token)
                        .chain(spares)
                        .for_each(|spare| self.spares.keep(spare));
                    return Err(error);
                }
                _ => {}
            }
        }
        let Some(initial) = self.initial.take_unseen(self.store.key()) else {
            return Ok(None);
        };
        if !session.is_expired(&initial) {
            return Ok(Some((Issued::of(initial, session.now()), Origin::Initial)));
        }
        match self.refresh_with(session, &self.parent(initial)).await {
            Ok(Obtained::Issued(issued, _, origin)) => Ok(Some((issued, origin))),
            Err(error) if error.kind() != ErrorKind::Rejected => {
                self.initial.give_back();
                Err(error)
            }
            _ => Ok(None),
        }
    }

    /// An API rejected the access token, and the refresh brought the same one: tries the repeatable
    /// login once.
    async fn or_login(
        &self,
        session: Session<'_>,
        current: &Token,
        newest_generation: Option<Generation>,
        obtained: Obtained,
    ) -> Obtained {
        let Obtained::Issued(issued, ..) = &obtained else {
            return obtained;
        };
        let is_repeated = issued.token.access().same_as(current.access()) && issued.error.is_none();
        if !is_repeated || !session.is_rejected() || !session.has_login() {
            return obtained;
        }
        let login = Box::pin(self.login(session, Some(current), newest_generation)).await;
        login.unwrap_or(obtained)
    }

    async fn refresh_with(&self, session: Session<'_>, parent: &Parent) -> Result<Obtained, Error> {
        let token = &parent.token;
        // A vendor whose access token is its own refresh token cannot refresh an expired one: it
        // would only refuse.
        if token.refresh().is_none() && session.is_expired(token) && session.has_login() {
            return Err(Error::new(
                ErrorKind::Rejected,
                "the token expired before it was refreshed",
            ));
        }
        let rotation = session.rotation();
        let retry = match rotation {
            Rotation::SingleUse => RetryPolicy::Unsent,
            _ => RetryPolicy::Once,
        };
        let exchanger = self.exchanger(session).await?;
        let endpoint = exchanger.endpoint.clone();
        let build = |attempt: &Attempt| {
            let request = asked(|| endpoint.refresh(token, attempt)).flatten();
            remembering(request, Some(token))
        };
        let issued = exchanger
            .exchange(self.limits(rotation, retry), build)
            .await?;
        let condition = CommitCondition::ParentIs(parent.fingerprint);
        let child = child_of(session, token, issued);
        Ok(Obtained::Issued(child, condition, Origin::Refresh))
    }

    async fn login(
        &self,
        session: Session<'_>,
        current: Option<&Token>,
        newest_generation: Option<Generation>,
    ) -> Result<Obtained, Error> {
        let exchanger = self.exchanger(session).await?;
        let endpoint = exchanger.endpoint.clone();
        let build = |attempt: &Attempt| {
            let request = asked(|| {
                endpoint
                    .login(attempt)
                    .unwrap_or_else(|| Err(needs_grant()))
            });
            remembering(request.flatten(), current)
        };
        let limits = self.limits(Rotation::Idempotent, RetryPolicy::Once);
        let issued = exchanger.exchange(limits, build).await?;
        let issued = match current {
            Some(current) if issued.token.same_secrets_as(current) => {
                child_of(session, current, issued)
            }
            _ => as_generation_after(issued, newest_generation),
        };
        // A login replaces a grant that was logged out only over the tombstone that it has seen.
        let condition = CommitCondition::UnlessTombstoned;
        Ok(Obtained::Issued(issued, condition, Origin::Login))
    }
}

/// Returns the child of a token. A refresh token that came alone is kept beside the old access
/// token while that can be used, else beside an expired one.
fn child_of(session: Session<'_>, parent: &Token, issued: Issued) -> Issued {
    let mut token = issued.token.merged_with_previous(parent);
    if issued.error.is_some() {
        let keeps_old = session.life().usable && !session.exchange_ends_old_token();
        token = token.with_access_of(parent);
        if !keeps_old {
            token = token.with_validity(Validity::expired());
        }
    }
    Issued { token, ..issued }
}

/// The vendor may echo any part of the token, even one that was not sent.
fn remembering(request: Result<Request, Error>, token: Option<&Token>) -> Result<Request, Error> {
    request.map(|request| match token {
        Some(token) => request.remembering(token.secrets()),
        None => request,
    })
}

fn needs_grant() -> Error {
    Error::new(
        ErrorKind::Rejected,
        "there is no grant yet: redeem a code or a password, or set a token",
    )
}
