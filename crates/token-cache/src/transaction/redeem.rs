//! A new grant takes the place of whatever was there.

use std::sync::atomic::Ordering;

use token_core::store::Intent;
use token_core::{Error, Generation, OneTimeGrant, Rotation, Token};

use super::{Stored, as_generation_after, by_our_login, declare, patience};
use crate::commit::commit;
use crate::events::Origin;
use crate::exchange::{Issued, Repetition};
use crate::job::Job;
use crate::lease::Lease;
use crate::new_grants::NewGrant;

pub(super) async fn begin_grant(
    job: &Job,
    lease: &Lease<'_>,
    stored: &Stored,
    grant: NewGrant,
) -> Result<(), Error> {
    match grant {
        NewGrant::Redeem(redemption) => redeem(job, lease, stored, redemption).await,
        NewGrant::Adopt(token) => adopt(job, lease, stored, token).await,
    }
}

/// A code or a password is sent once, and only after the store has shown that it can be written.
async fn redeem(
    job: &Job,
    lease: &Lease<'_>,
    stored: &Stored,
    redemption: OneTimeGrant,
) -> Result<(), Error> {
    let known = begin(job, lease, stored).await?;
    let redeemed = exchange(job, redemption).await;
    if redeemed.is_err() {
        leave_as_it_was(job, lease, stored).await;
    }
    let issued = as_generation_after(redeemed?, known);
    commit(job, issued, by_our_login(job), Origin::Redemption).await
}

/// Somebody's wrong password must not end another holder's doubt: its intent is put back, in our
/// name.
async fn leave_as_it_was(job: &Job, lease: &Lease<'_>, stored: &Stored) {
    let Some(doubt) = stored.doubt(job) else {
        return lease.clear_intent().await;
    };
    let ours = Intent {
        owner: job.owner.clone(),
        ..doubt.clone()
    };
    job.inherits_doubt.store(true, Ordering::Release);
    _ = job.in_time(job.store.write_intent(&job.key, &ours)).await;
}

/// Takes over a token that the user has.
pub(super) async fn adopt(
    job: &Job,
    lease: &Lease<'_>,
    stored: &Stored,
    token: Token,
) -> Result<(), Error> {
    let known = begin(job, lease, stored).await?;
    let issued = as_generation_after(Issued::of(token, job.clock.now()), known);
    commit(job, issued, by_our_login(job), Origin::Redemption).await
}

async fn exchange(job: &Job, redemption: OneTimeGrant) -> Result<Issued, Error> {
    let request = redemption.into_request(&job.line().attempt())?;
    let patience = patience(job, Rotation::SingleUse, Repetition::Never);
    job.line().redeem(patience, request).await
}

/// Declares the new grant, and returns the newest generation that is known: the grant goes on after
/// it, so that a holder that missed a logout does not take it for an ancestor of the old one.
async fn begin(job: &Job, lease: &Lease<'_>, stored: &Stored) -> Result<Option<Generation>, Error> {
    job.initial.seen(stored.entry());
    let current = job.current().map(|token| token.generation());
    let known = stored.newest_generation().max(current);
    declare(job, lease, None, known)
        .await?
        .map_err(|error| error.to_error())?;
    Ok(known)
}
