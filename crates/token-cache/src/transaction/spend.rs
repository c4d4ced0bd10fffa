//! Points 4 and 7 of the transaction: the exchange, and what follows a refusal.

use token_core::store::CommitCondition;
use token_core::{Attempt, Error, ErrorKind, Generation, Request, Rotation, Token, Validity};

use super::{Adopted, Stored, as_generation_after, by_our_login, patience};
use crate::events::Origin;
use crate::exchange::{Issued, Repetition};
use crate::fingerprint::fingerprint;
use crate::job::Job;

/// What spending the current token came to.
pub(super) enum Spent {
    Issued(Issued, CommitCondition, Origin),
    Adopted,
}

impl Spent {
    /// The same for a grant that begins after a logout.
    pub(super) fn over_a_tombstone(self, job: &Job) -> Self {
        match self {
            Self::Issued(issued, _, origin) => Self::Issued(issued, by_our_login(job), origin),
            Self::Adopted => Self::Adopted,
        }
    }
}

/// Sends the refresh, and what follows a refusal: the store again, spares, the initial token, the
/// repeatable login. `known` is the newest generation there is.
pub(super) async fn spend(
    job: &Job,
    current: Option<Token>,
    known: Option<Generation>,
) -> Result<Spent, Error> {
    let Some(current) = current else {
        return login(job, None, known).await;
    };
    if job.calls_for_login() {
        let login = login(job, Some(&current), known).await;
        return login.inspect_err(|_| job.note_vain_login());
    }
    match refresh_with(job, &current).await {
        Err(error) if error.kind() == ErrorKind::Rejected => {
            after_refusal(job, &current, known, error).await
        }
        Err(error) => {
            job.note_kill(&error, &current);
            Err(error)
        }
        Ok(spent) => Ok(or_login(job, &current, known, spent).await),
    }
}

/// 7. Nothing is deleted because of a refusal.
async fn after_refusal(
    job: &Job,
    current: &Token,
    known: Option<Generation>,
    refused: Error,
) -> Result<Spent, Error> {
    if let Ok(stored) = Stored::load(job).await
        && stored.adopt_in_place_of_refused(job)? != Adopted::Nothing
    {
        return Ok(Spent::Adopted);
    }
    if let Some(spent) = another_way(job, current, known).await? {
        return Ok(spent);
    }
    job.note_kill(&refused, current);
    if job.has_login() {
        job.note_refused_refresh(current);
        return login(job, Some(current), known).await;
    }
    Err(refused)
}

/// A token that lost a race, or the initial token of another family. Each is tried until the vendor
/// takes or refuses it.
async fn another_way(
    job: &Job,
    current: &Token,
    known: Option<Generation>,
) -> Result<Option<Spent>, Error> {
    let condition = CommitCondition::ParentIs(fingerprint(&job.key, current));
    let issued = match another_token(job).await? {
        Some((issued, origin)) => {
            Spent::Issued(as_generation_after(issued, known), condition, origin)
        }
        None => return Ok(None),
    };
    Ok(Some(issued))
}

async fn another_token(job: &Job) -> Result<Option<(Issued, Origin)>, Error> {
    let mut spares = job.spares.take().into_iter();
    while let Some(spare) = spares.next() {
        match refresh_with(job, &spare).await {
            Ok(Spent::Issued(issued, _, origin)) => return Ok(Some((issued, origin))),
            Err(error) if error.kind() != ErrorKind::Rejected => {
                std::iter::once(spare)
                    .chain(spares)
                    .for_each(|spare| job.spares.keep(spare));
                return Err(error);
            }
            _ => {}
        }
    }
    let Some(initial) = job.initial.take_unseen() else {
        return Ok(None);
    };
    if !job.is_expired(&initial) {
        return Ok(Some((
            Issued::of(initial, job.clock.now()),
            Origin::Initial,
        )));
    }
    match refresh_with(job, &initial).await {
        Ok(Spent::Issued(issued, _, origin)) => Ok(Some((issued, origin))),
        Err(error) if error.kind() != ErrorKind::Rejected => {
            job.initial.give_back();
            Err(error)
        }
        _ => Ok(None),
    }
}

/// An API refused the access token, and the refresh brought the same one: the repeatable login is
/// tried once.
async fn or_login(job: &Job, current: &Token, known: Option<Generation>, spent: Spent) -> Spent {
    let Spent::Issued(issued, ..) = &spent else {
        return spent;
    };
    let is_repeated = issued.token.access().same_as(current.access()) && issued.error.is_none();
    if !is_repeated || !job.is_refused() || !job.has_login() {
        return spent;
    }
    login(job, Some(current), known).await.unwrap_or(spent)
}

async fn refresh_with(job: &Job, token: &Token) -> Result<Spent, Error> {
    // A vendor whose access token is its own refresh token cannot refresh an expired one: it would
    // only refuse.
    if token.refresh().is_none() && job.is_expired(token) && job.has_login() {
        return Err(Error::new(
            ErrorKind::Rejected,
            "the token expired before it was refreshed",
        ));
    }
    let rotation = job.endpoint.rotation();
    let repetition = match rotation {
        Rotation::SingleUse => Repetition::Unsent,
        _ => Repetition::Once,
    };
    let build = |attempt: &Attempt| remembering(job.endpoint.refresh(token, attempt), Some(token));
    let issued = job
        .line()
        .exchange(patience(job, rotation, repetition), build)
        .await?;
    let condition = CommitCondition::ParentIs(fingerprint(&job.key, token));
    Ok(Spent::Issued(
        child_of(job, token, issued),
        condition,
        Origin::Refresh,
    ))
}

/// A refresh token that came alone is kept beside the old access token while that can be used, else
/// beside an expired one.
fn child_of(job: &Job, parent: &Token, issued: Issued) -> Issued {
    let mut token = issued.token.merged_with_previous(parent);
    if issued.error.is_some() {
        let keeps_old = job.in_hand().usable && !job.endpoint.exchange_ends_old_token();
        token = token.with_access_of(parent);
        if !keeps_old {
            token = token.with_validity(Validity::expired());
        }
    }
    Issued { token, ..issued }
}

async fn login(
    job: &Job,
    current: Option<&Token>,
    known: Option<Generation>,
) -> Result<Spent, Error> {
    let build = |attempt: &Attempt| {
        let request = job
            .endpoint
            .login(attempt)
            .unwrap_or_else(|| Err(needs_grant()));
        remembering(request, current)
    };
    let patience = patience(job, Rotation::Idempotent, Repetition::Once);
    let issued = job.line().exchange(patience, build).await?;
    let issued = match current {
        Some(current) if issued.token.same_secrets_as(current) => child_of(job, current, issued),
        _ => as_generation_after(issued, known),
    };
    // Only over the tombstone that it has seen does a login take the place of a grant that was
    // logged out.
    let condition = CommitCondition::UnlessTombstoned;
    Ok(Spent::Issued(issued, condition, Origin::Login))
}

/// The vendor may echo any part of the token, also one that was not sent.
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
