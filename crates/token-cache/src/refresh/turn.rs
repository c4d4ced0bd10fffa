//! In a pool, a refresh waits for its turn: not all may start at once, and how it ends concerns
//! the others.

use std::time::Duration;

use token_core::Error;

use super::Refresher;
use super::admission::{Admission, Permit};
use super::adopt::Adopted;
use super::lease::Lease;
use super::spend::Obtained;
use super::stored::Stored;
use super::trigger::Trigger;
use crate::current::session::Session;

impl Refresher {
    /// Waits until the exchange of a refresh without a lease may start.
    pub(super) async fn started(&self, trigger: Trigger) -> Option<[Permit<'_>; 2]> {
        let admission = self.admission.as_ref()?;
        Some([
            admission.enter(trigger).await,
            admission.start(trigger).await,
        ])
    }

    /// Waits until the exchange may start. Returns whether there is a fresh token now: somebody's
    /// login does not wait, and begins here, under our lease.
    pub(super) async fn wait_for_turn<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &Stored,
        trigger: Trigger,
    ) -> Result<bool, Error> {
        let Some(admission) = &self.admission else {
            return Ok(false);
        };
        let gave_way = !lease.has_permit();
        loop {
            tokio::select! {
                biased;
                () = take_turn(admission, lease, trigger) => break,
                () = self.new_grants.arrived() => {}
            }
            if Box::pin(self.begin_queued_grant(session, lease, stored)).await? {
                return Ok(true);
            }
        }
        // After a doubt, the other owner may have committed while we waited for our turn.
        match gave_way {
            true => Box::pin(self.adopts_stored(session)).await,
            false => Ok(false),
        }
    }

    /// Adopts what is stored now. Returns whether that needs no refresh.
    async fn adopts_stored(&self, session: Session<'_>) -> Result<bool, Error> {
        match self.store.load().await {
            Ok(stored) => Ok(self.adopt(session, &stored)? == Adopted::Fresh),
            Err(_) => Ok(false),
        }
    }

    /// Tells the other keys of a pool what the vendor answered.
    pub(super) fn note_admitted(&self, begun: Duration, obtained: &Result<Obtained, Error>) {
        let Some(admission) = &self.admission else {
            return;
        };
        match obtained {
            Ok(Obtained::Issued(..)) => admission.succeeded(begun),
            Ok(Obtained::Adopted) => {}
            Err(error) => admission.failed(error),
        }
    }
}

async fn take_turn<'a>(admission: &'a Admission, lease: &Lease<'a>, trigger: Trigger) {
    if !lease.has_permit() {
        lease.keep_permit(admission.enter(trigger).await);
    }
    lease.keep_turn(admission.start(trigger).await);
}
