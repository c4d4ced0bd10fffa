//! Point 1 of the transaction: what is there, and what a refresh begins with.

use std::sync::atomic::Ordering;

use token_core::store::{CommitCondition, Committed};
use token_core::{Error, Token};

use super::redeem::adopt;
use super::{For, Stored};
use crate::decide::Decision;
use crate::events::Origin;
use crate::job::Job;
use crate::lease::Lease;

/// What a refresh begins with.
pub(super) enum Begun {
    /// With this token; without one, only a login can help.
    With(Option<Token>),
    /// A token is in hand already, or nobody asked for one.
    Done,
}

/// Loads and adopts. The initial token of the program is used where the store knows no better.
pub(super) async fn begin(
    job: &Job,
    lease: &Lease<'_>,
    stored: &Stored,
    whose: For,
) -> Result<Begun, Error> {
    if stored.is_tombstoned() {
        return start_over(job, lease, stored, whose).await;
    }
    stored.adopt(job)?;
    if stored.is_empty() && job.current().is_none() {
        with_initial(job).await?;
    }
    if job.decide_alone() == Decision::Use && !job.held().is_superseded() {
        return Ok(Begun::Done);
    }
    Ok(Begun::With(job.current()))
}

/// After a logout: with an initial token that the logout did not end, or by a login if a caller
/// asks for a token.
async fn start_over(
    job: &Job,
    lease: &Lease<'_>,
    stored: &Stored,
    whose: For,
) -> Result<Begun, Error> {
    let logged_out = job.logged_out();
    job.initial.seen(stored.entry());
    // Whoever asked before the logout did not ask for a new grant.
    if !job.is_current() {
        return Err(logged_out);
    }
    if let Some(initial) = job.initial.take_unseen() {
        if job.is_expired(&initial) {
            return Ok(Begun::With(Some(initial)));
        }
        adopt(job, lease, stored, initial).await?;
        return Ok(Begun::Done);
    }
    if !job.has_login() {
        return Err(logged_out);
    }
    job.tombstoned.store(true, Ordering::Release);
    Ok(match whose {
        For::Caller => Begun::With(None),
        For::Background => Begun::Done,
    })
}

/// Puts the initial token in hand, in an empty place. One that lives is stored at once, so that
/// other processes find it.
async fn with_initial(job: &Job) -> Result<(), Error> {
    let Some(initial) = job.initial.take_unseen() else {
        return Ok(());
    };
    if job.is_expired(&initial) {
        hold(job, initial);
        return Ok(());
    }
    let committed = match job.record(&initial) {
        Ok(record) => {
            let commit = job
                .store
                .commit(&job.key, &CommitCondition::UnlessTombstoned, &record);
            job.in_time(commit).await
        }
        Err(error) => Err(error),
    };
    match committed {
        Ok(Committed::Tombstoned) => Err(job.logged_out()),
        // Somebody was quicker.
        Ok(Committed::Lost) => {
            let stored = Stored::load(job).await.map_err(|error| error.to_error())?;
            stored.adopt(job).map(drop)
        }
        // A store that cannot be written does not make the token unusable; the intent before its
        // refresh tells.
        _ => {
            hold(job, initial);
            Ok(())
        }
    }
}

/// The same where the store cannot be written.
pub(super) fn with_initial_in_memory(job: &Job) {
    if job.current().is_none()
        && let Some(initial) = job.initial.take_unseen()
    {
        hold(job, initial);
    }
}

fn hold(job: &Job, initial: Token) {
    job.publish(initial, job.clock.now(), Origin::Initial);
}
