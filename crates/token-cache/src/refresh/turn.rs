//! In a pool, a refresh waits for its turn: not all may start at once, and how it ends concerns
//! the others.

use std::time::Duration;

use token_core::Error;
use token_core::store::Entry;

use super::Refresher;
use super::lease::Lease;
use super::spend::Obtained;
use super::trigger::Trigger;
use crate::current::session::Session;

impl Refresher {
    /// Waits until the exchange may start.
    pub(super) async fn started(&self, trigger: Trigger) {
        if let Some(admission) = &self.admission {
            admission.start(trigger).await;
        }
    }

    /// Waits until the exchange may start. Returns whether there is another token now: somebody's
    /// login does not wait, and begins here, under our lease.
    pub(super) async fn wait_for_turn<'a>(
        &'a self,
        session: Session<'_>,
        lease: &Lease<'a>,
        stored: &Entry,
        trigger: Trigger,
    ) -> Result<bool, Error> {
        let Some(admission) = &self.admission else {
            return Ok(false);
        };
        loop {
            tokio::select! {
                biased;
                () = admission.start(trigger) => return Ok(false),
                () = self.new_grants.arrived() => {}
            }
            if Box::pin(self.begin_queued_grant(session, lease, stored)).await? {
                return Ok(true);
            }
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
