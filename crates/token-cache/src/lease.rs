//! The right to spend a refresh token, for a time.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use token_core::store::{Acquired, Renewed, StoreError};
use token_core::{Error, ErrorKind};

use crate::job::Job;
use crate::stored::{Adopted, Stored};

/// A lease that is held.
pub(crate) struct Lease<'a> {
    job: &'a Job,
    /// The elapsed time just before it was asked for: by the store's clock it lives no shorter than
    /// from here.
    asked_at: Duration,
}

/// What taking a lease came to.
pub(crate) enum Taken<'a> {
    /// With what was stored when it was taken.
    Lease(Lease<'a>, Stored),
    /// Another holder committed meanwhile, and its token is in use: no lease is needed.
    Adopted,
}

/// Busy and broken are different answers: the first passes by itself.
pub(crate) enum NoLease {
    Busy,
    Broken(StoreError),
}

/// What the lease is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A newer token, whoever brings it.
    AnyNewer,
    /// A token that only this holder can bring.
    OurOwn,
}

impl<'a> Lease<'a> {
    /// Takes the lease; where another holder has it, watches for that one's commit.
    pub(crate) async fn take(job: &'a Job, purpose: Purpose) -> Result<Taken<'a>, NoLease> {
        let started = job.clock.now().elapsed;
        loop {
            let asked_at = job.clock.now().elapsed;
            let acquiring = job.store.acquire(&job.key, &job.owner, job.settings.lease);
            let (left, stored) = match job.in_time(acquiring).await.map_err(NoLease::Broken)? {
                Acquired::Held(entry) => {
                    return Ok(Taken::Lease(Self { job, asked_at }, Stored::of(entry)));
                }
                Acquired::Busy { left, entry } => (left, Stored::of(entry)),
                _ => return Err(NoLease::Busy),
            };
            if job.clock.now().elapsed.saturating_sub(started) >= job.settings.lease_wait {
                return Err(NoLease::Busy);
            }
            if watch(job, left, &stored).await && purpose == Purpose::AnyNewer {
                return Ok(Taken::Adopted);
            }
        }
    }

    /// Runs the future while the lease is renewed at each third of its life. A lease that is lost
    /// meanwhile does not stop it: what it brings may be the only living token.
    pub(crate) async fn kept_while<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            outcome = work => outcome,
            never = self.keep() => match never {},
        }
    }

    /// Makes sure that the lease is still ours and has at least half of its life, on the clock that
    /// counts suspend.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let age = self.job.clock.now().elapsed.saturating_sub(self.asked_at);
        if age < self.job.settings.lease / 2 {
            return Ok(());
        }
        match self.renew().await {
            Ok(Renewed::Held) => Ok(()),
            Ok(_) => Err(Error::new(
                ErrorKind::Transient { after: None },
                "the lease ran out before the token was spent",
            )),
            Err(error) => Err(error.to_error()),
        }
    }

    /// Nothing was spent, or the outcome is known: others need not be careful.
    pub(crate) async fn clear_intent(&self) {
        let job = self.job;
        // Where it fails, the intent stands and others wait a little longer than they had to.
        _ = job
            .in_time(job.store.clear_intent(&job.key, &job.owner))
            .await;
    }

    pub(crate) async fn give_back(self) {
        give_back(self.job).await;
    }

    /// Never ends: the work goes on without the lease too.
    async fn keep(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.job.settings.lease / 3).await;
            if matches!(self.renew().await, Ok(Renewed::Lost)) {
                return std::future::pending().await;
            }
        }
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        let job = self.job;
        job.in_time(job.store.renew(&job.key, &job.owner, job.settings.lease))
            .await
    }
}

/// Gives back the lease that this holder may have.
pub(crate) async fn give_back(job: &Job) {
    // Where it fails, the lease ends by itself.
    _ = job.in_time(job.store.release(&job.key, &job.owner)).await;
}

/// Watches the store for at most `left`. True where a newer token was adopted and nothing more is
/// needed.
async fn watch(job: &Job, left: Duration, stored: &Stored) -> bool {
    const OFTEN_ENOUGH: Duration = Duration::from_millis(500);
    if is_fresh(stored, job) {
        return true;
    }
    let nap = left.clamp(Duration::from_millis(10), OFTEN_ENOUGH);
    // What wakes us is mostly the holder's commit. To ask for the lease first would cost a round
    // trip more, and one of the many that wake would have it for nothing.
    let next = stored.next(job, nap).await;
    next.is_ok_and(|stored| is_fresh(&stored, job))
}

fn is_fresh(stored: &Stored, job: &Job) -> bool {
    matches!(stored.adopt(job), Ok(Adopted::Fresh))
}
