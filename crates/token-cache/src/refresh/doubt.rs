//! Another holder may have spent the token, and may still bring what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use token_core::store::Entry;
use token_core::{Error, Rotation};

use super::Refresher;
use super::adopt::Adopted;
use super::lease::Lease;
use super::new_grants::Queued;
use super::pending::LONGEST_PAUSE;
use crate::current::session::Session;

impl Refresher {
    /// Watches for the other holder's commit until its token is as good as lost. A doubt of our own
    /// is waited out before a refresh begins.
    pub(super) async fn wait_out_doubt(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        mut stored: Entry,
    ) -> Result<Adopted, Error> {
        let mut until = self.doubtful_until(session, &stored);
        let waiting = Waiting(&self.waits_for_holder);
        while let Some(left) = until
            .checked_sub(session.now().elapsed)
            .filter(|left| !left.is_zero())
        {
            waiting.begin();
            // A new grant ends the doubt, and need not wait for its end.
            if self.begin_queued_grant(session, lease, &stored).await? {
                return Ok(Adopted::Fresh);
            }
            let next = tokio::select! {
                biased;
                () = self.new_grants.arrived() => continue,
                next = self.store.next(stored.generation(), left.min(self.store.limit())) => next,
            };
            // A store that cannot be read for a moment is read again.
            if let Ok(newer) = next {
                stored = newer;
            }
            let adopted = self.adopt(session, &stored)?;
            if adopted != Adopted::Nothing {
                return Ok(adopted);
            }
            // The other holder may have cleared its intent; and an expired or rejected access token
            // has nothing to lose.
            until = until.min(self.doubtful_until(session, &stored));
        }
        Ok(Adopted::Nothing)
    }

    /// Begins a grant that was asked for meanwhile. Returns whether there is another token now.
    async fn begin_queued_grant(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Entry,
    ) -> Result<bool, Error> {
        if !session.is_current() {
            return Err(session.logged_out());
        }
        let Some(Queued { grant, answer }) = self.new_grants.next() else {
            return Ok(false);
        };
        let before = session.cached();
        let outcome = self.begin_grant(session, lease, stored, grant).await;
        let has_begun = outcome.is_ok() || !Arc::ptr_eq(&before, &session.cached());
        answer.send(outcome);
        Ok(has_begun)
    }

    /// Returns until when another holder may still bring what it spent our token for, in elapsed
    /// time; zero if there is no such doubt.
    fn doubtful_until(&self, session: Session<'_>, stored: &Entry) -> Duration {
        let current = session.token();
        let spent = current
            .as_ref()
            .and_then(|current| self.spent_by_another(stored, current));
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
        // However old the intent, and even if the token is expired: the store may have been away
        // all the time, and a live holder writes again after this long at the latest. It may be
        // hanging in a try.
        let writes_again = LONGEST_PAUSE.saturating_add(2 * self.store.limit());
        let left = self
            .settings
            .doubt
            .saturating_sub(age)
            .min(session.life().left);
        session.now().elapsed.saturating_add(left.max(writes_again))
    }
}

/// Tells callers, while it lives, that the refresh in flight may take minutes.
struct Waiting<'a>(&'a AtomicBool);

impl Waiting<'_> {
    fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
