//! Who starts a flight, what it does, and what goes on after it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use token_core::Error;

use super::Shared;
use super::held::Held;
use super::runtime::{CallerFlight, Work};
use super::single_flight::{Joined, Leader, Waiter};
use crate::clock::millis;
use crate::current::decide::Decision;
use crate::current::sessions::SessionId;
use crate::refresh::exchange::broke_off;
use crate::refresh::new_grants::NewGrant;
use crate::refresh::pending::{LONGEST_WRITE_PAUSE, Writer};
use crate::refresh::run::RefreshJob;
use crate::refresh::trigger::Trigger;

/// The outcome of a flight.
type Outcome = Result<(), Error>;

/// For callers that cannot get a token, the store is looked at this often at most.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const SHORTEST_WRITE_PAUSE: Duration = Duration::from_millis(500);
/// How often a write is tried again after the last handle of the cache was dropped.
const TRIES_AFTER_DROP: u32 = 100;

impl Shared {
    /// Starts a flight if a newer token is needed and none is under way.
    pub(super) fn start_if_needed(self: &Arc<Self>, trigger: Trigger) -> Outcome {
        let joined = self.flight.join_or_start(|| self.needs_refresh());
        if let Joined::Waiter(_, Some(leader)) = joined {
            self.start(RefreshJob::Refresh(trigger), leader)?;
        }
        Ok(())
    }

    /// Joins the flight under way, or starts one for a caller if a newer token is needed.
    pub(super) fn join_or_start(self: &Arc<Self>) -> Result<Option<InFlight>, Error> {
        match self.flight.join_or_start(|| self.needs_refresh()) {
            Joined::NotNeeded => Ok(None),
            Joined::Waiter(waiter, leader) => {
                let job = RefreshJob::Refresh(Trigger::Caller);
                let begin = |leader| self.tasks.start(self.work(job, leader));
                let polled = leader.map_or(Ok(None), begin)?;
                Ok(Some(InFlight { polled, waiter }))
            }
        }
    }

    fn needs_refresh(&self) -> bool {
        let is_superseded = self.current.is_superseded() && self.current.pause_left().is_zero();
        let decision = self.current.decide();
        is_superseded || matches!(decision, Decision::Wait | Decision::UseAndRefresh)
    }

    /// Begins a grant: in the flight under way if that only waits for another owner, else in the
    /// next one.
    pub(crate) async fn begin_grant(self: &Arc<Self>, grant: NewGrant) -> Outcome {
        let _waiting = self.waiting();
        self.named(self.join_or_begin(grant).await)
    }

    async fn join_or_begin(self: &Arc<Self>, grant: NewGrant) -> Outcome {
        let mut queued = self.refresher.new_grants().add(grant);
        loop {
            let mut ours = None;
            let joined = self.flight.join_or_start(|| {
                ours = queued.take_back();
                ours.is_some()
            });
            let Joined::Waiter(waiter, leader) = joined else {
                return queued.outcome().await;
            };
            if let (Some(leader), Some(grant)) = (leader, ours) {
                self.start(RefreshJob::Begin(Box::new(grant)), leader)?;
                return waiter.await.unwrap_or_else(|| Err(broke_off()));
            }
            tokio::select! {
                biased;
                outcome = queued.outcome() => return outcome,
                _ = waiter => {}
            }
        }
    }

    /// Looks at the store for what another owner brought, after the flight under way. Returns
    /// false if that was done a moment ago.
    pub(crate) async fn look(self: &Arc<Self>) -> bool {
        if !self.claim_look() {
            return false;
        }
        loop {
            let Joined::Waiter(waiter, leader) = self.flight.join_or_start(|| true) else {
                return true;
            };
            let is_ours = leader.is_some();
            // A store that cannot be read brings nothing.
            let started = leader.map_or(Ok(()), |leader| self.start(RefreshJob::Look, leader));
            _ = waiter.await;
            if is_ours || started.is_err() {
                return true;
            }
        }
    }

    fn claim_look(&self) -> bool {
        let now = millis(self.current.now().elapsed);
        let next = |last: u64| last.saturating_add(millis(BETWEEN_LOOKS));
        let claim = |last: u64| (last == 0 || now >= next(last)).then_some(now.max(1));
        self.looked_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .is_ok()
    }

    fn start(self: &Arc<Self>, job: RefreshJob, leader: Leader<Outcome>) -> Outcome {
        self.tasks.spawn(self.work(job, leader)).map(drop)
    }

    /// Returns what the flight does. It has kilobytes, and tokio moves a task when it begins and
    /// when it ends.
    fn work(self: &Arc<Self>, job: RefreshJob, leader: Leader<Outcome>) -> Work {
        let (shared, session) = self.for_task();
        // Written to where it stays: `Box::pin` would copy all of it.
        let flight = Box::write(Box::new_uninit(), run(shared, session, job, leader));
        Box::into_pin(flight)
    }
}

/// A flight, as a caller waits for it; `None` if it ended without an outcome.
pub(super) struct InFlight {
    /// If this caller has begun it, and polls it.
    polled: Option<CallerFlight>,
    waiter: Waiter<Outcome>,
}

impl InFlight {
    /// Polls the flight if that is up to this caller. It is ready once the others see as much of
    /// the flight. What a flight does after its outcome, it does as a task.
    pub(super) fn poll_own(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(flight) = &self.polled {
            if flight.poll(context).is_pending() && !self.waiter.is_complete() {
                return Poll::Pending;
            }
            self.polled = None;
        }
        Poll::Ready(())
    }
}

impl Future for InFlight {
    type Output = Option<Outcome>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.poll_own(context));
        Pin::new(&mut self.waiter).poll(context)
    }
}

async fn run(shared: Held, session: SessionId, job: RefreshJob, leader: Leader<Outcome>) {
    let outcome = shared
        .refresher
        .run(shared.current.session(session), job)
        .await;
    leader.complete(outcome);
    if let Some(writer) = shared.refresher.pending().claim_writer() {
        Box::pin(write_until_acknowledged(&shared, session, writer)).await;
    }
}

/// Holds what the cache shares, so that a dropped cache loses no rotation; gives up some time after
/// nobody else holds it.
async fn write_until_acknowledged(shared: &Held, session: SessionId, writer: Writer<'_>) {
    let session = shared.current.session(session);
    let mut pause = SHORTEST_WRITE_PAUSE;
    let mut tries_left = TRIES_AFTER_DROP;
    while tries_left > 0 && !writer.is_done() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_WRITE_PAUSE);
        // A failure is tried again: that is what this loop is for.
        _ = shared.refresher.write_pending_and_release(session).await;
        if shared.is_last() {
            tries_left -= 1;
        }
    }
}
