//! The refresh transaction: how a token that may work only once is spent by one holder of many, and not lost.
//!
//! Top to bottom it is the order of events. The store only stores; every rule is here.

use std::sync::Arc;
use std::time::Duration;

use token_core::store::{CommitCondition, Intended, Intent, StoreError};
use token_core::{Attempt, Error, ErrorKind, Generation, Redemption, Request, Rotation, Token};

use crate::commit::{commit, unpersisted};
use crate::decide::Decision;
use crate::engine::Engine;
use crate::events::Origin;
use crate::exchange::{Issued, Patience, Repetition};
use crate::lease::{Lease, NoLease, Purpose, Taken};
use crate::lineage::lineage;
use crate::pending;
use crate::record;
use crate::stored::{Adopted, Stored};

/// What a flight is for.
pub(crate) enum Errand {
    /// A newer token, by whichever way there is.
    Refresh,
    /// The first token of a new lineage, by a code or a password.
    Redeem(Redemption),
    /// The first token of a new lineage, which the user has.
    Adopt(Token),
}

/// Runs an errand, and leaves its outcome in the engine and in the store.
pub(crate) async fn run(engine: &Arc<Engine>, errand: Errand) -> Result<(), Error> {
    let purpose = match &errand {
        Errand::Refresh => Purpose::AnyNewer,
        Errand::Redeem(_) | Errand::Adopt(_) => Purpose::OurOwn,
    };
    engine.spill.recover(engine).await;
    // What this holder still owes the store comes first: it needs no lease, and what is read under the lease then has it.
    if let Err(error) = engine.pending.settle(engine).await {
        return without_store(engine, errand, &error).await;
    }
    match Lease::take(engine, purpose).await {
        Ok(Taken::Adopted) => Ok(()),
        Ok(Taken::Lease(lease, stored)) => {
            let outcome = lease.kept_while(with_lease(engine, &lease, errand, stored)).await;
            // A token that the store did not take yet is a reason for the others to wait: they would spend its dead parent.
            if engine.pending.is_settled() {
                lease.give_back().await;
            }
            outcome
        }
        Err(NoLease::Busy) => Err(busy()),
        Err(NoLease::Broken(error)) => without_store(engine, errand, &error).await,
    }
}

async fn with_lease(
    engine: &Arc<Engine>,
    lease: &Lease<'_>,
    errand: Errand,
    stored: Stored,
) -> Result<(), Error> {
    match errand {
        Errand::Refresh => refresh(engine, lease, stored).await,
        Errand::Redeem(redemption) => redeem(engine, lease, stored, redemption).await,
        Errand::Adopt(token) => {
            let token = as_generation_after(token, newest_generation(engine, &stored));
            let issued = Issued {
                token,
                asked: engine.clock.now(),
            };
            commit(engine, issued, CommitCondition::Overwrite, Origin::Redemption).await
        }
    }
}

async fn refresh(engine: &Arc<Engine>, lease: &Lease<'_>, stored: Stored) -> Result<(), Error> {
    // 1. Load and adopt: what another holder brought costs no request.
    stored.adopt(engine)?;
    if engine.decide_alone() == Decision::Use {
        return Ok(());
    }
    if let Some(verdict) = engine.verdict().filter(|_| !has_login(engine)) {
        return Err(verdict);
    }

    // 2. In doubt? Another holder may have spent this token and died.
    if wait_out_doubt(engine, stored).await? == Adopted::Fresh {
        return Ok(());
    }
    let current = engine.current();

    // 3. Intent: durable before the token is spent. 4. The lease must still be ours.
    if let Err(error) = declare(engine, lease, current.as_ref()).await? {
        return without_store(engine, Errand::Refresh, &error).await;
    }

    // 4. Send. 5. to 7. What comes of it.
    let outcome = spend(engine, current).await;
    // An issued token's intent stands until the commit clears it: it warns the others if we die in between.
    match outcome {
        Ok(Spent::Issued(issued, condition, origin)) => commit(engine, issued, condition, origin).await,
        Ok(Spent::Adopted) => {
            lease.withdraw_intent().await;
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::InDoubt => Err(error),
        Err(error) => {
            lease.withdraw_intent().await;
            Err(error)
        }
    }
}

/// A code or a password is sent once, and only after the store has shown that it can be written.
async fn redeem(
    engine: &Arc<Engine>,
    lease: &Lease<'_>,
    stored: Stored,
    redemption: Redemption,
) -> Result<(), Error> {
    declare(engine, lease, None)
        .await?
        .map_err(|error| error.to_error())?;
    let request = redemption.into_request(&engine.line().attempt())?;
    let patience = patience(engine, Rotation::SingleUse, Repetition::Never);
    let redeemed = engine.line().redeem(patience, request).await;
    if redeemed.is_err() {
        lease.withdraw_intent().await;
    }
    let issued = redeemed?;
    let token = as_generation_after(issued.token, newest_generation(engine, &stored));
    commit(
        engine,
        Issued { token, ..issued },
        CommitCondition::Overwrite,
        Origin::Redemption,
    )
    .await
}

/// Point 2. Watches for the other holder's commit until its token is as good as lost.
async fn wait_out_doubt(engine: &Arc<Engine>, mut stored: Stored) -> Result<Adopted, Error> {
    let mut until = doubtful_until(engine, &stored);
    while let Some(left) = until
        .checked_sub(engine.clock.now().elapsed)
        .filter(|left| !left.is_zero())
    {
        // A store that cannot be read for a moment is looked at again.
        if let Ok(newer) = stored.next(engine, left.min(engine.settings.store)).await {
            stored = newer;
            // The other holder may have taken its intent back.
            until = until.min(doubtful_until(engine, &stored));
        }
        let adopted = stored.adopt(engine)?;
        if adopted != Adopted::Nothing {
            return Ok(adopted);
        }
    }
    Ok(Adopted::Nothing)
}

/// Until when another holder may still bring what it spent our token for, in elapsed time; zero where there is no such doubt.
fn doubtful_until(engine: &Engine, stored: &Stored) -> Duration {
    let doubt = engine.current().and_then(|current| {
        let since = stored.spent_by_another(&engine.owner, lineage(&engine.key, &current))?;
        let harmless = match engine.endpoint.rotation() {
            Rotation::Idempotent => true,
            Rotation::Grace(grace) => since <= grace,
            _ => false,
        };
        (!harmless).then_some((current, since))
    });
    let Some((current, since)) = doubt else {
        return Duration::ZERO;
    };
    let now = engine.clock.now();
    let seen = now.seen_from(engine.held().anchor());
    let life_left = current.validity().expires_at().since(seen);
    // However old the intent, and be the token over: the store may have been away all the time, and a holder that lives writes again
    // after this long at the latest. It may just be hanging in a try.
    let writes_again = pending::LONGEST_PAUSE.saturating_add(2 * engine.settings.store);
    let left = engine.settings.doubt.saturating_sub(since).min(life_left);
    now.elapsed.saturating_add(left.max(writes_again))
}

/// Points 3 and 4. The inner error is the store's: without an intent, only what is not lost by it may be spent.
async fn declare(
    engine: &Arc<Engine>,
    lease: &Lease<'_>,
    current: Option<&Token>,
) -> Result<Result<(), StoreError>, Error> {
    let intent = Intent {
        owner: engine.owner.clone(),
        lineage: current.map(|current| lineage(&engine.key, current)),
        generation: current.map(Token::generation).unwrap_or_default(),
    };
    match engine.in_time(engine.store.intend(&engine.key, &intent)).await {
        Ok(Intended::Written) => {
            let checked = lease.check().await;
            if checked.is_err() {
                lease.withdraw_intent().await;
            }
            checked.map(Ok)
        }
        Ok(_) => Err(busy()),
        Err(error) => Ok(Err(error)),
    }
}

/// What spending the current token came to.
pub(crate) enum Spent {
    Issued(Issued, CommitCondition, Origin),
    Adopted,
}

/// Sends the refresh, and what follows a refusal: the store again, spares, the repeatable login.
async fn spend(engine: &Arc<Engine>, current: Option<Token>) -> Result<Spent, Error> {
    let Some(current) = current else {
        return login(engine, None).await;
    };
    let refused = match refresh_with(engine, &current).await {
        Err(error) if error.kind() == ErrorKind::Rejected => error,
        outcome => return outcome.inspect_err(|error| engine.note_kill(error, &current)),
    };
    // 7. Refused: a newer token in the store, else a spare, else a login. Nothing is deleted.
    if let Ok(stored) = Stored::load(engine).await
        && stored.adopt_in_place_of_refused(engine)? != Adopted::Nothing
    {
        return Ok(Spent::Adopted);
    }
    for spare in engine.spares.take() {
        if let Ok(Spent::Issued(issued, _, origin)) = refresh_with(engine, &spare).await {
            return Ok(Spent::Issued(
                issued,
                CommitCondition::ParentIs(lineage(&engine.key, &current)),
                origin,
            ));
        }
    }
    engine.note_kill(&refused, &current);
    if has_login(engine) {
        return login(engine, Some(&current)).await;
    }
    Err(refused)
}

async fn refresh_with(engine: &Arc<Engine>, token: &Token) -> Result<Spent, Error> {
    // A vendor whose access token is its own refresh token cannot refresh an expired one: it would only refuse.
    if token.refresh().is_none() && engine.is_expired(token) && has_login(engine) {
        return Err(Error::new(
            ErrorKind::Rejected,
            "the token expired before it was refreshed",
        ));
    }
    let rotation = engine.endpoint.rotation();
    let repetition = if rotation == Rotation::SingleUse {
        Repetition::Unsent
    } else {
        Repetition::Once
    };
    let build = |attempt: &Attempt| remembering(engine.endpoint.refresh(token, attempt), token);
    let issued = engine
        .line()
        .exchange(patience(engine, rotation, repetition), build)
        .await?;
    let condition = CommitCondition::ParentIs(lineage(&engine.key, token));
    let next = issued.token.succeeding(token);
    Ok(Spent::Issued(
        Issued {
            token: next,
            ..issued
        },
        condition,
        Origin::Refresh,
    ))
}

async fn login(engine: &Arc<Engine>, current: Option<&Token>) -> Result<Spent, Error> {
    let build = |attempt: &Attempt| {
        engine
            .endpoint
            .login(attempt)
            .unwrap_or_else(|| Err(needs_grant()))
    };
    let patience = patience(engine, Rotation::Idempotent, Repetition::Once);
    let issued = engine.line().exchange(patience, build).await?;
    let token = match current {
        Some(current) if issued.token.same_secrets_as(current) => issued.token.succeeding(current),
        current => as_generation_after(issued.token, current.map(Token::generation)),
    };
    Ok(Spent::Issued(
        Issued { token, ..issued },
        CommitCondition::UnlessTombstoned,
        Origin::Login,
    ))
}

/// Point 9: the store cannot be reached. What can be asked for again is asked for; a token that works once is not spent.
async fn without_store(engine: &Arc<Engine>, errand: Errand, error: &StoreError) -> Result<(), Error> {
    let current = engine.current();
    let harmless = match &current {
        Some(_) => engine.endpoint.rotation() == Rotation::Idempotent,
        None => has_login(engine),
    };
    if !matches!(errand, Errand::Refresh) || !harmless {
        return Err(error.to_error());
    }
    let Spent::Issued(issued, condition, origin) = spend(engine, current).await? else {
        return Ok(());
    };
    let write = record::write(&engine.key, &issued.token, engine.clock.now().wall)
        .ok()
        .map(|record| (condition, record));
    unpersisted(engine, issued, origin, error, write).await;
    Ok(())
}

fn patience(engine: &Engine, rotation: Rotation, repetition: Repetition) -> Patience {
    let within = match rotation {
        Rotation::SingleUse => engine.settings.single_use_exchange,
        _ => engine.settings.exchange,
    };
    Patience { within, repetition }
}

/// The vendor may echo any part of the token, also one that was not sent.
fn remembering(request: Result<Request, Error>, token: &Token) -> Result<Request, Error> {
    request.map(|request| request.remembering(token.secrets()))
}

fn as_generation_after(token: Token, previous: Option<Generation>) -> Token {
    token.with_generation(previous.unwrap_or_default().next())
}

fn newest_generation(engine: &Engine, stored: &Stored) -> Option<Generation> {
    stored
        .newest_generation()
        .max(engine.current().map(|token| token.generation()))
}

fn has_login(engine: &Engine) -> bool {
    engine.endpoint.login(&engine.line().attempt()).is_some()
}

fn needs_grant() -> Error {
    Error::new(
        ErrorKind::Rejected,
        "there is no grant yet: redeem a code or a password, or adopt a token",
    )
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "another holder is refreshing the token",
    )
}
