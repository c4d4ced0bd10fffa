//! Another owner, or this program before a restart, may have spent the token, and may still commit
//! the result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use token_core::{Error, Rotation};

use super::Refresher;
use super::adopt::Adopted;
use super::bound_store::LIMIT;
use super::lease::Lease;
use super::new_grants::Queued;
use super::pending::LONGEST_WRITE_PAUSE;
use super::stored::Stored;
use crate::current::session::Session;

impl Refresher {
    /// Watches for the other owner's commit until its token is as good as lost. Our own doubt
    /// delays the next flight: `current/failures/pause.rs`. Returns whether there is a fresh token.
    ///
    /// In a pool, others may be refreshed meanwhile: the permit is given up. `stored` is what was
    /// read last.
    pub(super) async fn wait_out_doubt<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &mut Stored,
    ) -> Result<bool, Error> {
        match self.doubtful_until(session, stored) {
            Duration::ZERO => Ok(false),
            until => Box::pin(self.watch_owner(session, lease, stored, until)).await,
        }
    }

    async fn watch_owner<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &mut Stored,
        mut until: Duration,
    ) -> Result<bool, Error> {
        let wait_flag = WaitFlag(&self.waits_for_owner);
        while let Some(left) = until
            .checked_sub(session.now().elapsed)
            .filter(|left| !left.is_zero())
        {
            wait_flag.set();
            lease.give_up_permit();
            // A new grant ends the doubt. A login may not wait minutes: it begins here, under our
            // lease.
            if Box::pin(self.begin_queued_grant(session, lease, stored)).await? {
                return Ok(true);
            }
            let next = tokio::select! {
                biased;
                () = self.new_grants.arrived() => continue,
                next = self.store.next(stored.generation(), left.min(LIMIT)) => next,
            };
            // A store that cannot be read for a moment is read again.
            if let Ok(newer) = next {
                *stored = newer;
            }
            match self.adopt(session, stored)? {
                Adopted::Fresh => return Ok(true),
                Adopted::Due => return Ok(false),
                Adopted::Nothing => {}
            }
            // The other owner may have cleared its intent; and an expired or rejected access token
            // has nothing to lose.
            until = until.min(self.doubtful_until(session, stored));
        }
        Ok(false)
    }

    /// Begins a grant that was asked for meanwhile. Returns whether there is another token now.
    pub(super) async fn begin_queued_grant<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &Stored,
    ) -> Result<bool, Error> {
        if !session.is_current() {
            return Err(session.note_tombstone());
        }
        let Some(Queued { grant, reply }) = self.new_grants.next() else {
            return Ok(false);
        };
        let before = session.cached();
        let outcome = self.begin_grant(session, lease, stored, grant).await;
        let has_begun = outcome.is_ok() || !Arc::ptr_eq(&before, &session.cached());
        reply.send(outcome);
        Ok(has_begun)
    }

    /// Returns until when another owner may still bring what it spent our token for, in elapsed
    /// time; zero if there is no such doubt.
    fn doubtful_until(&self, session: Session<'_>, stored: &Stored) -> Duration {
        let current = session.token();
        let spent = current
            .as_ref()
            .and_then(|current| self.spent_by_another(session, stored, current));
        let Some(age) = spent else {
            return Duration::ZERO;
        };
        let is_harmless = match session.rotation() {
            Rotation::Idempotent => true,
            Rotation::Grace(grace) => age <= grace,
            _ => false,
        };
        if is_harmless {
            return Duration::ZERO;
        }
        // Waits at least one full write retry (pause and two store timeouts): the other may be
        // retrying its commit. With `LIMIT` of bound_store.rs these are 15 s, no less than our
        // own doubt without a live token (`REST_WITHOUT_TOKEN` of pause.rs).
        let writes_again = LONGEST_WRITE_PAUSE.saturating_add(2 * LIMIT);
        let left = self
            .settings
            .doubt
            .saturating_sub(age)
            .min(session.life().left);
        session.now().elapsed.saturating_add(left.max(writes_again))
    }
}

/// Tells callers, while it lives, that the refresh in flight may take minutes.
struct WaitFlag<'a>(&'a AtomicBool);

impl WaitFlag<'_> {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Drop for WaitFlag<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
