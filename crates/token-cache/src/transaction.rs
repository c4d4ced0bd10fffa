//! The refresh transaction: how a token that may work only once is spent by one holder of many, and not lost.
//!
//! Top to bottom it is the order of events. The store only stores; every rule is here.

use std::sync::Arc;

use token_core::store::{Committed, Intended, Intent, Record, StoreError, Succession};
use token_core::{Attempt, Error, ErrorKind, Generation, Redemption, Request, Rotation, Token};

use crate::engine::{Engine, Errand};
use crate::events::{Event, Origin};
use crate::exchange::{Issued, Patience, Repetition};
use crate::lease::{Lease, NoLease, Purpose, Taken};
use crate::lineage::lineage;
use crate::record;
use crate::stored::Stored;

/// Runs an errand, and leaves its outcome in the engine and in the store.
pub(crate) async fn run(engine: &Arc<Engine>, errand: Errand) -> Result<(), Error> {
    let purpose = match &errand {
        Errand::Refresh => Purpose::AnyNewer,
        Errand::Redeem(_) | Errand::Adopt(_) => Purpose::OurOwn,
    };
    match Lease::take(engine, purpose).await {
        Ok(Taken::Adopted) => Ok(()),
        Ok(Taken::Lease(lease)) => {
            let outcome = lease.kept_while(with_lease(engine, &lease, errand)).await;
            lease.give_back().await;
            outcome
        }
        Err(NoLease::Busy) => Err(busy()),
        Err(NoLease::Broken(error)) => without_store(engine, errand, &error).await,
    }
}

async fn with_lease(engine: &Arc<Engine>, lease: &Lease<'_>, errand: Errand) -> Result<(), Error> {
    if let Err(error) = engine.pending.settle(engine).await {
        return without_store(engine, errand, &error).await;
    }
    let stored = match Stored::load(engine).await {
        Ok(stored) => stored,
        Err(error) => return without_store(engine, errand, &error).await,
    };
    match errand {
        Errand::Refresh => refresh(engine, lease, stored).await,
        Errand::Redeem(redemption) => redeem(engine, lease, stored, redemption).await,
        Errand::Adopt(token) => {
            let token = as_generation_after(token, stored.generation());
            let issued = Issued {
                token,
                asked: engine.clock.now(),
            };
            commit(engine, issued, Succession::Anew, Origin::Redemption).await
        }
    }
}

async fn refresh(engine: &Arc<Engine>, lease: &Lease<'_>, stored: Stored) -> Result<(), Error> {
    // 1. Load and adopt: what another holder brought costs no request.
    if stored.buried() {
        return Err(logged_out(engine));
    }
    if stored.adopt(engine)? {
        return Ok(());
    }
    let current = engine.current();
    if let Some(verdict) = engine.verdict().filter(|_| !has_login(engine)) {
        return Err(verdict);
    }

    // 2. In doubt? Another holder may have spent this token and died.
    if wait_out_doubt(engine, &stored, current.as_ref()).await? {
        return Ok(());
    }

    // 3. Intent: durable before the token is spent. 4. The lease must still be ours.
    if let Err(error) = declare(engine, lease, current.as_ref()).await? {
        return without_store(engine, Errand::Refresh, &error).await;
    }

    // 4. Send. 5. to 7. What comes of it.
    let outcome = spend(engine, current).await;
    // An issued token's intent stands until the commit clears it: it warns the others if we die in between.
    match outcome {
        Ok(Spent::Issued(issued, succession, origin)) => commit(engine, issued, succession, origin).await,
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
    let token = as_generation_after(issued.token, stored.generation());
    commit(
        engine,
        Issued { token, ..issued },
        Succession::Anew,
        Origin::Redemption,
    )
    .await
}

/// Point 2. True where another holder's commit came and was adopted.
async fn wait_out_doubt(
    engine: &Arc<Engine>,
    stored: &Stored,
    current: Option<&Token>,
) -> Result<bool, Error> {
    let Some(current) = current else { return Ok(false) };
    let doubtful = stored.spent_by_another(&engine.owner, lineage(&engine.key, current));
    let Some(since) = doubtful.filter(|_| engine.endpoint.rotation() == Rotation::SingleUse) else {
        return Ok(false);
    };
    let now = engine.clock.now();
    let life_left = current
        .validity()
        .expires_at()
        .since(now.seen_from(engine.held().anchor()));
    let until = now
        .elapsed
        .saturating_add(engine.settings.doubt.saturating_sub(since).min(life_left));
    while let Some(left) = until
        .checked_sub(engine.clock.now().elapsed)
        .filter(|left| !left.is_zero())
    {
        engine
            .store
            .changed(&engine.key, stored.seen(), left.min(engine.settings.store))
            .await;
        let Ok(newer) = Stored::load(engine).await else {
            continue;
        };
        if newer.adopt(engine)? {
            return Ok(true);
        }
    }
    Ok(false)
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
    };
    match engine.in_time(engine.store.intend(&engine.key, &intent)).await {
        Ok(Intended::Written) => lease.check().await.map(Ok),
        Ok(_) => Err(busy()),
        Err(error) => Ok(Err(error)),
    }
}

/// What spending the current token came to.
pub(crate) enum Spent {
    Issued(Issued, Succession, Origin),
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
    if let Ok(newer) = Stored::load(engine).await
        && newer.adopt(engine)?
    {
        return Ok(Spent::Adopted);
    }
    for spare in engine.take_spares() {
        if let Ok(Spent::Issued(issued, _, origin)) = refresh_with(engine, &spare).await {
            return Ok(Spent::Issued(
                issued,
                Succession::ChildOf(lineage(&engine.key, &current)),
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
    let succession = Succession::ChildOf(lineage(&engine.key, token));
    let next = issued.token.succeeding(token);
    Ok(Spent::Issued(
        Issued {
            token: next,
            ..issued
        },
        succession,
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
        Succession::Relogin,
        Origin::Login,
    ))
}

/// Points 5, 6 and 8: the commit by lineage.
async fn commit(
    engine: &Arc<Engine>,
    issued: Issued,
    succession: Succession,
    origin: Origin,
) -> Result<(), Error> {
    let record = match record::write(&engine.key, &issued.token) {
        Ok(record) => record,
        Err(error) => return unpersisted(engine, issued, origin, &error, None),
    };
    match engine
        .in_time(engine.store.commit(&engine.key, &succession, &record))
        .await
    {
        Ok(Committed::Stored) => {
            persisted(engine, issued, origin);
            Ok(())
        }
        Ok(Committed::Missing) => restore(engine, issued, origin, record).await,
        Ok(Committed::Buried) => {
            revoke(engine, &issued.token).await;
            Err(logged_out(engine))
        }
        Ok(_) => lost(engine, issued).await,
        Err(error) => unpersisted(engine, issued, origin, &error, Some((succession, record))),
    }
}

fn persisted(engine: &Arc<Engine>, issued: Issued, origin: Origin) {
    let generation = issued.token.generation();
    engine.publish(issued.token, issued.asked, origin);
    engine.tell(Event::Persisted { generation });
}

/// The store has nothing where the parent should be: it lost it, or never had it.
async fn restore(engine: &Arc<Engine>, issued: Issued, origin: Origin, record: Record) -> Result<(), Error> {
    let generation = issued.token.generation();
    match engine
        .in_time(engine.store.commit(&engine.key, &Succession::Anew, &record))
        .await
    {
        Ok(_) => {
            engine.publish(issued.token, issued.asked, origin);
            engine.tell(Event::Restored { generation });
            Ok(())
        }
        Err(error) => unpersisted(engine, issued, origin, &error, Some((Succession::Anew, record))),
    }
}

/// Point 6: another child is stored. It is used; ours is a spare, in case that one is refused.
async fn lost(engine: &Arc<Engine>, issued: Issued) -> Result<(), Error> {
    engine.tell(Event::Lost {
        generation: issued.token.generation(),
    });
    engine.keep_spare(issued.token);
    let winner = Stored::load(engine).await.map_err(|error| error.to_error())?;
    winner.adopt(engine)?;
    Ok(())
}

/// Serves the token from memory and writes it again until the store acknowledges it.
fn unpersisted(
    engine: &Arc<Engine>,
    issued: Issued,
    origin: Origin,
    error: &StoreError,
    write: Option<(Succession, Record)>,
) -> Result<(), Error> {
    let generation = issued.token.generation();
    engine.publish(issued.token, issued.asked, origin);
    engine.tell(Event::Unpersisted {
        generation,
        error: error.to_error(),
    });
    if let Some((succession, record)) = write {
        engine.pending.keep(engine, succession, record);
    }
    Ok(())
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
    let Spent::Issued(issued, succession, origin) = spend(engine, current).await? else {
        return Ok(());
    };
    let write = record::write(&engine.key, &issued.token)
        .ok()
        .map(|record| (succession, record));
    unpersisted(engine, issued, origin, error, write)
}

/// Offers a token that nobody will use to the vendor for revocation.
pub(crate) async fn revoke(engine: &Arc<Engine>, token: &Token) {
    let attempt = engine.line().attempt();
    let Some(Ok(request)) = engine.endpoint.revoke(token, &attempt) else {
        return;
    };
    let request = request.remembering(token.secrets());
    // The grant is over for us, whatever the vendor says to it.
    _ = engine.line().ask(request, engine.settings.exchange).await;
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

fn has_login(engine: &Engine) -> bool {
    engine.endpoint.login(&engine.line().attempt()).is_some()
}

fn logged_out(engine: &Engine) -> Error {
    engine.kill(engine.held().token());
    Error::new(ErrorKind::Rejected, "the grant was logged out")
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
