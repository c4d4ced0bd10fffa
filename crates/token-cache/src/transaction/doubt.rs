//! Point 2 of the transaction: another holder may have spent the token, and may still bring what
//! came of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use token_core::{Error, Rotation};

use super::redeem::begin_grant;
use super::{Adopted, Stored};
use crate::job::Job;
use crate::lease::Lease;
use crate::new_grants::Queued;
use crate::pending;

/// Watches for the other holder's commit until its token is as good as lost. A doubt of our own is
/// waited out before the flight.
pub(super) async fn wait_out_doubt(
    job: &Job,
    lease: &Lease<'_>,
    mut stored: Stored,
) -> Result<Adopted, Error> {
    let mut until = doubtful_until(job, &stored);
    let resting = Resting::since(job);
    while let Some(left) = until
        .checked_sub(job.clock.now().elapsed)
        .filter(|left| !left.is_zero())
    {
        resting.begin();
        // A new grant ends the doubt, and need not wait for its end.
        if begin_next_grant(job, lease, &stored).await? {
            return Ok(Adopted::Fresh);
        }
        let next = tokio::select! {
            biased;
            () = job.new_grants.arrived() => continue,
            next = stored.next(job, left.min(job.settings.store)) => next,
        };
        // A store that cannot be read for a moment is looked at again.
        if let Ok(newer) = next {
            stored = newer;
        }
        let adopted = stored.adopt(job)?;
        if adopted != Adopted::Nothing {
            return Ok(adopted);
        }
        // The other holder may have taken its intent back; and an access token that is over or
        // refused has nothing to lose.
        until = until.min(doubtful_until(job, &stored));
    }
    Ok(Adopted::Nothing)
}

/// Whether a new grant was asked for meanwhile, and is in use now.
async fn begin_next_grant(job: &Job, lease: &Lease<'_>, stored: &Stored) -> Result<bool, Error> {
    if !job.is_current() {
        return Err(job.logged_out());
    }
    let Some(Queued { grant, answer }) = job.new_grants.next() else {
        return Ok(false);
    };
    let outcome = begin_grant(job, lease, stored, grant).await;
    let has_begun = outcome.is_ok();
    answer.send(outcome);
    Ok(has_begun)
}

/// Until when another holder may still bring what it spent our token for, in elapsed time; zero
/// where there is no such doubt.
fn doubtful_until(job: &Job, stored: &Stored) -> Duration {
    let current = job.current();
    let since = current
        .as_ref()
        .and_then(|current| stored.spent_by_another(job, current));
    let Some(since) = since else {
        return Duration::ZERO;
    };
    let harmless = match job.endpoint.rotation() {
        Rotation::Idempotent => true,
        Rotation::Grace(grace) => since <= grace,
        _ => false,
    };
    if harmless {
        return Duration::ZERO;
    }
    // However old the intent, and be the token over: the store may have been away all the time, and
    // a holder that lives writes again after this long at the latest. It may just be hanging in a
    // try.
    let writes_again = pending::LONGEST_PAUSE.saturating_add(2 * job.settings.store);
    let left = job
        .settings
        .doubt
        .saturating_sub(since)
        .min(job.in_hand().left);
    job.clock
        .now()
        .elapsed
        .saturating_add(left.max(writes_again))
}

/// Tells callers, while it lives, that a flight is under way that may take minutes.
struct Resting<'a>(&'a AtomicBool);

impl<'a> Resting<'a> {
    fn since(job: &'a Job) -> Self {
        Self(&job.resting)
    }

    fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
