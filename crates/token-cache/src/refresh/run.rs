//! Runs a refresh job under the lease, and leaves the result in the session and in the store.

use std::pin::pin;
use std::time::Duration;

use token_core::store::{Acquired, CommitCondition, Entry, StoreError};
use token_core::{ClockReading, Error, Rotation, Token};

use super::adopt::Adopted;
use super::lease::Lease;
use super::new_grants::NewGrant;
use super::stored::Stored;
use super::trigger::Trigger;
use super::{Refresher, busy, record};
use crate::current::events::{Event, Origin};
use crate::current::session::Session;
use crate::telemetry::metric;
use crate::telemetry::stopwatch::Stopwatch;

/// What a run is for.
pub(crate) enum RefreshJob {
    /// A newer token, by whichever way there is.
    Refresh(Trigger),
    /// Whatever newer token the store has: no request to the vendor.
    Look,
    /// The first token of a new grant.
    Begin(Box<NewGrant>),
}

/// Busy and broken are different answers: the first passes by itself.
enum NoLease {
    Busy,
    Broken(StoreError),
}

/// The store's answer to a request for the lease, with what is stored.
enum Asked<'a> {
    Held(Lease<'a>, Stored),
    /// Another owner has it for this long.
    Busy(Duration, Stored),
}

/// What the lease is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A newer token, whoever brings it.
    AnyNewer(Trigger),
    /// A token that only we can bring.
    OurOwn,
}

impl Refresher {
    /// Runs a job. A failed refresh is noted for all callers. What happens to somebody's code or
    /// password is theirs alone: it says nothing about the current grant.
    pub(crate) async fn run(&self, session: Session<'_>, job: RefreshJob) -> Result<(), Error> {
        let is_noted = matches!(job, RefreshJob::Refresh(_));
        let outcome = self.run_job(session, job).await;
        if let Err(error) = &outcome
            && is_noted
        {
            session.note_failure(error);
        }
        outcome.map_err(|error| error.with_key(session.key()))
    }

    async fn run_job(&self, session: Session<'_>, job: RefreshJob) -> Result<(), Error> {
        let purpose = match &job {
            RefreshJob::Look => return self.look(session).await,
            RefreshJob::Refresh(trigger) => Purpose::AnyNewer(*trigger),
            RefreshJob::Begin(_) => Purpose::OurOwn,
        };
        let mut taken = match self.prepare(session).await {
            Ok(()) => self.wait_for_lease(session, purpose).await,
            Err(error) => Err(NoLease::Broken(error)),
        };
        match &mut taken {
            Ok(None) => Ok(()),
            Ok(Some((lease, stored))) => {
                let outcome = {
                    let work = pin!(self.with_lease(session, lease, job, stored));
                    lease.kept_while(work).await
                };
                // While a token waits for the store, the others must wait too: they would spend its
                // dead parent.
                if self.pending.is_settled() {
                    lease.give_back().await;
                }
                outcome
            }
            Err(NoLease::Busy) => Err(busy()),
            Err(NoLease::Broken(error)) => match job {
                RefreshJob::Refresh(trigger) => {
                    let _permits = self.started(trigger).await;
                    Box::pin(self.without_store(session, error, trigger)).await
                }
                _ => Err(error.to_error()),
            },
        }
    }

    async fn with_lease<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        job: RefreshJob,
        stored: &mut Stored,
    ) -> Result<(), Error> {
        match job {
            RefreshJob::Look => Ok(()),
            RefreshJob::Refresh(trigger) => self.refresh(session, lease, stored, trigger).await,
            RefreshJob::Begin(grant) => {
                Box::pin(self.begin_grant(session, lease, stored, *grant)).await
            }
        }
    }

    /// Looks at the store for what another owner brought.
    pub(crate) async fn look(&self, session: Session<'_>) -> Result<(), Error> {
        let stored = self.store.load().await.map_err(|error| error.to_error())?;
        if stored.tombstoned && session.has_login() {
            // No failure: the next caller logs in again.
            if !begins_anew(session, &stored) {
                _ = session.note_tombstone();
            }
            return Ok(());
        }
        self.adopt(session, &stored).map(drop)
    }

    /// Writes what we still owe the store. That comes first: it needs no lease, and what is read
    /// under the lease then has it.
    async fn prepare(&self, session: Session<'_>) -> Result<(), StoreError> {
        self.send_store_warnings(session).await;
        let recovered = self.recover(session).await;
        let written = self.write_pending(session).await;
        if written.is_err()
            && let Some((token, read_at)) = recovered
        {
            // Whether it was logged out meanwhile, only the store could tell.
            session.publish(token, read_at, Origin::Store);
        }
        written
    }

    /// Leaves the token that an earlier process kept in the fallback store to be written to the
    /// store. Returns it and when it was read, if it is newer than the current one, to be served if
    /// the store is away.
    ///
    /// Whose child it is need not be known: a record that the store does not have, or has an older
    /// generation of, is written; any other has had its successor.
    async fn recover(&self, session: Session<'_>) -> Option<(Token, ClockReading)> {
        let kept = self.fallback.read_once().await?;
        let (record, now) = (kept.record.clone()?, session.now());
        let token = record::read(&record, kept.record_age(&now), now.wall).ok()?;
        // The parent is unknown, so this condition is meant to fail; `write` then compares
        // generations.
        self.pending
            .keep(CommitCondition::ParentIs(record.fingerprint), record);
        let current = session.token_generation();
        let is_newer = current.is_none_or(|current| current < token.generation());
        is_newer.then_some((token, now))
    }

    /// Sends, once, what is wrong with the place where tokens are kept.
    async fn send_store_warnings(&self, session: Session<'_>) {
        if !self.store.claim_warnings() {
            return;
        }
        let rotates = session.rotation() != Rotation::Idempotent;
        let is_durable = self.store.is_durable() || self.fallback.is_configured();
        if rotates && !is_durable && self.initial.is_configured() {
            session.emit(Event::NotDurable);
        }
        for what in self.store.warnings().await {
            session.emit(Event::StoreWarning { what });
        }
    }

    async fn wait_for_lease<'a>(
        &'a self,
        session: Session<'a>,
        purpose: Purpose,
    ) -> Result<Option<(Lease<'a>, Stored)>, NoLease> {
        let begun = Stopwatch::start();
        let taken = self.take_lease(session, purpose).await;
        metric::waited_for_lease(|| self.store.name(), begun.elapsed());
        taken
    }

    /// Takes the lease, and returns it with what was stored then. If another owner has it, watches
    /// for that one's commit. Returns `None` if that one's token is in use: no lease is needed.
    async fn take_lease<'a>(
        &'a self,
        session: Session<'a>,
        purpose: Purpose,
    ) -> Result<Option<(Lease<'a>, Stored)>, NoLease> {
        let started = session.now().elapsed;
        loop {
            let (left, stored) = match self.ask_for_lease(session, purpose).await? {
                Asked::Held(lease, stored) => return Ok(Some((lease, stored))),
                Asked::Busy(left, stored) => (left, stored),
            };
            if session.now().elapsed.saturating_sub(started) >= self.settings.lease_timeout {
                return Err(NoLease::Busy);
            }
            let is_adopted = self.watch(session, left, &stored).await;
            if is_adopted && purpose != Purpose::OurOwn {
                return Ok(None);
            }
        }
    }

    /// A permit is held as long as the lease, but not while a doubt is waited out: what waits for
    /// another owner holds up no other key of a pool. Somebody's code or password needs none: they
    /// end while others are refreshed.
    async fn ask_for_lease<'a>(
        &'a self,
        session: Session<'a>,
        purpose: Purpose,
    ) -> Result<Asked<'a>, NoLease> {
        let permit = match purpose {
            Purpose::AnyNewer(trigger) => tokio::select! {
                biased;
                permit = self.admitted(trigger) => permit,
                () = self.new_grants.arrived() => None,
            },
            Purpose::OurOwn => None,
        };
        let (ttl, asked_at) = (self.settings.lease_ttl, session.now().elapsed);
        match self.store.acquire(ttl).await.map_err(NoLease::Broken)? {
            Acquired::Held(entry) => {
                let stored = Stored::asked_at(asked_at, entry);
                let clock = session.clock();
                let lease = Lease::granted(&self.store, clock, ttl, asked_at, permit);
                Ok(Asked::Held(lease, stored))
            }
            Acquired::Busy { left, entry } => {
                Ok(Asked::Busy(left, Stored::asked_at(asked_at, entry)))
            }
            _ => Err(NoLease::Broken(unknown_acquired())),
        }
    }

    /// Watches the store for at most `left`. Returns whether a token was adopted that needs no
    /// refresh.
    async fn watch(&self, session: Session<'_>, left: Duration, stored: &Stored) -> bool {
        const SHORTEST: Duration = Duration::from_millis(10);
        const LONGEST: Duration = Duration::from_millis(500);
        if self.adopts_fresh(session, stored) {
            return true;
        }
        // What wakes us is mostly the owner's commit. To ask for the lease first would cost one
        // more round trip, and one of the many that wake would get it for nothing.
        let left = left.clamp(SHORTEST, LONGEST);
        let next = self.store.next(stored.generation(), left).await;
        next.is_ok_and(|stored| self.adopts_fresh(session, &stored))
    }

    /// Adopts what is stored, and returns whether it needs no refresh. A tombstone is noted here,
    /// and reported once the lease is ours.
    fn adopts_fresh(&self, session: Session<'_>, stored: &Stored) -> bool {
        matches!(self.adopt(session, stored), Ok(Adopted::Fresh))
    }
}

/// Whether the current token is of a login after the logout, which the store does not have yet.
fn begins_anew(session: Session<'_>, stored: &Entry) -> bool {
    let removed = stored.tombstoned_generation;
    let is_newer = |current| removed.is_none_or(|removed| current > removed);
    session.token_generation().is_some_and(is_newer)
}

fn unknown_acquired() -> StoreError {
    StoreError::new("the store gave an unknown answer to a lease request")
}
