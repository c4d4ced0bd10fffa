//! The refresh transaction: how a token that may work only once is spent by one holder of many, and
//! not lost.
//!
//! Top to bottom it is the order of events. The store only stores; every rule is here and in the
//! modules below.

mod begin;
mod doubt;
mod redeem;
mod spend;

use std::sync::atomic::Ordering;

use token_core::store::{CommitCondition, Intended, Intent, StoreError};
use token_core::{Error, ErrorKind, Generation, Rotation, Token};

use crate::commit::{commit, unpersisted};
use crate::decide::Decision;
use crate::events::Origin;
use crate::exchange::{Issued, Patience, Repetition};
use crate::fingerprint::fingerprint;
use crate::job::Job;
use crate::lease::{Lease, NoLease, Purpose, Taken};
use crate::new_grants::NewGrant;
use crate::stored::{Adopted, Stored};

use self::begin::{Begun, begin};
use self::doubt::wait_out_doubt;
use self::redeem::begin_grant;
use self::spend::{Spent, spend};

/// What a flight is for.
pub(crate) enum Errand {
    /// A newer token, by whichever way there is.
    Refresh(For),
    /// Whatever newer token the store has: no request to the vendor.
    Look,
    /// The first token of a new grant.
    Begin(NewGrant),
}

/// Whose refresh it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// A caller asked for a token.
    Caller,
    /// Nobody asked: it must not start over what was logged out.
    Background,
}

/// Runs an errand, and leaves its outcome in the engine and in the store.
pub(crate) async fn run(job: &Job, errand: Errand) -> Result<(), Error> {
    let purpose = match &errand {
        Errand::Look => return look(job).await,
        Errand::Refresh(_) => Purpose::AnyNewer,
        Errand::Begin(_) => Purpose::OurOwn,
    };
    job.tell_of_the_store().await;
    let recovered = job.spill.recover(job).await;
    // What this holder still owes the store comes first: it needs no lease, and what is read under
    // the lease then has it.
    if let Err(error) = job.pending.settle(job).await {
        // Whether it was logged out meanwhile, only the store could tell.
        if let Some(token) = recovered {
            job.publish(token, job.clock.now(), Origin::Store);
        }
        return without_store(job, errand, &error).await;
    }
    match Lease::take(job, purpose).await {
        Ok(Taken::Adopted) => Ok(()),
        Ok(Taken::Lease(lease, stored)) => {
            let outcome = lease
                .kept_while(with_lease(job, &lease, errand, stored))
                .await;
            // A token that the store did not take yet is a reason for the others to wait: they
            // would spend its dead parent.
            if job.pending.is_settled() {
                lease.give_back().await;
            }
            outcome
        }
        Err(NoLease::Busy) => Err(busy()),
        Err(NoLease::Broken(error)) => without_store(job, errand, &error).await,
    }
}

async fn with_lease(
    job: &Job,
    lease: &Lease<'_>,
    errand: Errand,
    stored: Stored,
) -> Result<(), Error> {
    match errand {
        Errand::Look => Ok(()),
        Errand::Refresh(whose) => refresh(job, lease, stored, whose).await,
        Errand::Begin(grant) => begin_grant(job, lease, &stored, grant).await,
    }
}

async fn look(job: &Job) -> Result<(), Error> {
    let stored = Stored::load(job).await.map_err(|error| error.to_error())?;
    if stored.is_tombstoned() && job.has_login() {
        return Ok(());
    }
    stored.adopt(job).map(drop)
}

async fn refresh(job: &Job, lease: &Lease<'_>, stored: Stored, whose: For) -> Result<(), Error> {
    // 1. Load and adopt: what another holder brought costs no request.
    let current = match begin(job, lease, &stored, whose).await? {
        Begun::Done => return Ok(()),
        Begun::With(current) => current,
    };
    let tombstoned = stored.is_tombstoned();
    if let Some(verdict) = job.verdict().filter(|_| !job.has_login()) {
        return Err(verdict);
    }

    // 2. In doubt? Another holder may have spent this token and died.
    let newest = stored.newest_generation();
    let current = match wait_out_doubt(job, lease, stored).await? {
        Adopted::Fresh => return Ok(()),
        Adopted::Due => job.current(),
        Adopted::Nothing => current,
    };

    may_spend(job, newest.filter(|_| !tombstoned), current.as_ref())?;

    // 3. Intent: durable before the token is spent. 4. The lease must still be ours.
    let known = newest.max(current.as_ref().map(Token::generation));
    if let Err(error) = declare(job, lease, current.as_ref(), known).await? {
        return without_store(job, Errand::Refresh(whose), &error).await;
    }

    if !job.is_current() {
        lease.clear_intent().await;
        return Err(job.logged_out());
    }

    // 4. Send. 5. to 7. What comes of it.
    job.begins_to_spend(current.is_some());
    let spent = spend(job, current, known).await;
    if tombstoned
        && let Err(error) = &spent
        && error.kind() != ErrorKind::Rejected
    {
        // The initial token was not refused: it is tried again.
        job.initial.give_back();
    }
    let spent = spent.map(|spent| match tombstoned {
        true => spent.over_a_tombstone(job),
        false => spent,
    });
    let settled = settle(job, lease, spent, known).await;
    job.spending.store(false, Ordering::Release);
    settled
}

/// While a logout is under way nothing is published: the token in hand may be an ancestor of the
/// one that a flight has just committed.
fn may_spend(job: &Job, newest: Option<Generation>, current: Option<&Token>) -> Result<(), Error> {
    let is_ancestor =
        current.is_some_and(|token| token.refresh().is_some() && newest > Some(token.generation()));
    if !job.sessions.is_ending() && !is_ancestor {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Transient { after: None },
        "a logout is under way, or a newer token is on its way",
    ))
}

/// An issued token's intent stands until the commit clears it: it warns the others if we die in
/// between. So does that of an exchange whose outcome is unknown.
async fn settle(
    job: &Job,
    lease: &Lease<'_>,
    spent: Result<Spent, Error>,
    known: Option<Generation>,
) -> Result<(), Error> {
    match spent {
        Ok(Spent::Issued(issued, condition, origin)) => {
            let is_repeated = Some(issued.token.generation()) <= known;
            let committed = commit(job, issued, condition, origin).await;
            if is_repeated {
                // A commit clears the intents of older generations, and this is none.
                lease.clear_intent().await;
            }
            committed
        }
        Ok(Spent::Adopted) => {
            lease.clear_intent().await;
            Ok(())
        }
        Err(error) if job.leaves_doubt(&error) => Err(error),
        Err(error) => {
            lease.clear_intent().await;
            Err(error)
        }
    }
}

/// Points 3 and 4. The inner error is the store's: without an intent, only what is not lost by it
/// may be spent.
async fn declare(
    job: &Job,
    lease: &Lease<'_>,
    current: Option<&Token>,
    known: Option<Generation>,
) -> Result<Result<(), StoreError>, Error> {
    let intent = Intent {
        owner: job.owner.clone(),
        fingerprint: current.map(|current| fingerprint(&job.key, current)),
        generation: known.unwrap_or_default(),
    };
    match job.in_time(job.store.write_intent(&job.key, &intent)).await {
        Ok(Intended::Written) => {
            let checked = lease.check().await;
            if checked.is_err() {
                lease.clear_intent().await;
            }
            checked.map(Ok)
        }
        Ok(_) => Err(busy()),
        Err(error) => Ok(Err(error)),
    }
}

/// Point 9: the store cannot be reached, or not be written. A live token that can be read is used.
/// What can be asked for again is asked for; a token that works once is not spent.
async fn without_store(job: &Job, errand: Errand, error: &StoreError) -> Result<(), Error> {
    let Errand::Refresh(_) = errand else {
        return Err(error.to_error());
    };
    if let Ok(stored) = Stored::load(job).await {
        if stored.is_tombstoned() {
            let logged_out = job.logged_out();
            // A login that cannot write its intent could not replace the tombstone.
            return Err(match job.has_login() {
                true => error.to_error(),
                false => logged_out,
            });
        }
        stored.adopt(job)?;
    }
    begin::with_initial_in_memory(job);
    if job.decide_alone() == Decision::Use && !job.held().is_superseded() {
        return Ok(());
    }
    let current = job.current();
    let harmless = match &current {
        Some(_) => job.endpoint.rotation() == Rotation::Idempotent,
        None => job.has_login(),
    };
    if !harmless {
        return Err(error.to_error());
    }
    let known = current.as_ref().map(Token::generation);
    let Spent::Issued(issued, condition, origin) = spend(job, current, known).await? else {
        return Ok(());
    };
    let record = job.record(&issued.token).ok();
    let write = record.map(|record| (condition, record));
    unpersisted(job, issued, origin, error, write).await
}

fn patience(job: &Job, rotation: Rotation, repetition: Repetition) -> Patience {
    let within = match rotation {
        Rotation::SingleUse => job.settings.single_use_exchange,
        _ => job.settings.exchange,
    };
    Patience { within, repetition }
}

/// A login that its intent allows to replace whatever is stored.
fn by_our_login(job: &Job) -> CommitCondition {
    CommitCondition::LoginIntentOf(job.owner.clone())
}

fn as_generation_after(issued: Issued, previous: Option<Generation>) -> Issued {
    let token = issued
        .token
        .with_generation(previous.unwrap_or_default().next());
    Issued { token, ..issued }
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "another holder is refreshing the token",
    )
}
