//! The one flight of a cache: who starts it, and how it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use token_core::Error;

use super::Engine;
use crate::clock::millis;
use crate::decide::Decision;
use crate::job::Job;
use crate::new_grants::NewGrant;
use crate::runtime::broke_off;
use crate::single_flight::{Boarding, Passenger, Pilot};
use crate::transaction::{self, Errand, For};

/// How often the store is looked at for callers that cannot get a token, at most.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

impl Engine {
    /// Joins the flight, or begins one as a task of its own, which no caller can cancel.
    pub(crate) fn take_off(
        self: &Arc<Self>,
        whose: For,
    ) -> Result<Option<Passenger<Result<(), Error>>>, Error> {
        match self.flight.board(|| self.needs_flight()) {
            Boarding::NotNeeded => Ok(None),
            Boarding::Passenger(passenger, pilot) => {
                if let Some(pilot) = pilot {
                    self.start(Errand::Refresh(whose), pilot)?;
                }
                Ok(Some(passenger))
            }
        }
    }

    /// Looked at under the flight's lock: a flight that just ended has published what it brought.
    fn needs_flight(&self) -> bool {
        let decision = self.decide_alone();
        let is_superseded = self.held.load().is_superseded() && self.pause_left().is_zero();
        is_superseded || matches!(decision, Decision::Wait | Decision::UseAndRefresh)
    }

    /// Begins a grant: in the flight under way if that only waits for another holder, else in the
    /// next one.
    pub(crate) async fn begin(self: &Arc<Self>, grant: NewGrant) -> Result<(), Error> {
        let mut waiting = self.new_grants.add(grant);
        loop {
            let mut ours = None;
            let boarding = self.flight.board(|| {
                ours = waiting.take_back();
                ours.is_some()
            });
            let Boarding::Passenger(passenger, pilot) = boarding else {
                return waiting.outcome().await;
            };
            if let (Some(pilot), Some(grant)) = (pilot, ours) {
                self.start(Errand::Begin(grant), pilot)?;
                return passenger.await.unwrap_or_else(|| Err(broke_off()));
            }
            tokio::select! {
                biased;
                outcome = waiting.outcome() => return outcome,
                _ = passenger => {}
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        errand: Errand,
        pilot: Pilot<Result<(), Error>>,
    ) -> Result<(), Error> {
        self.tasks
            .spawn(fly(Job::of(self), errand, pilot))
            .map(drop)
    }

    /// Looks at the store for what another process brought. Costs the vendor nothing. False if that
    /// was done a moment ago.
    pub(crate) async fn look(self: &Arc<Self>) -> bool {
        if !self.claim_look() {
            return false;
        }
        // A store that cannot be read brings nothing.
        _ = self.run_look().await;
        true
    }

    /// After the flight under way.
    async fn run_look(self: &Arc<Self>) -> Result<(), Error> {
        loop {
            let Boarding::Passenger(passenger, pilot) = self.flight.board(|| true) else {
                return Ok(());
            };
            let is_ours = pilot.is_some();
            if let Some(pilot) = pilot {
                self.start(Errand::Look, pilot)?;
            }
            let outcome = passenger.await;
            if is_ours {
                return outcome.unwrap_or_else(|| Err(broke_off()));
            }
        }
    }

    fn claim_look(&self) -> bool {
        let now = millis(self.clock.now().elapsed);
        let next = |last: u64| last.saturating_add(millis(BETWEEN_LOOKS));
        let claim = |last: u64| (last == 0 || now >= next(last)).then_some(now.max(1));
        self.looked_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .is_ok()
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.flight.under_way().is_some()
    }

    /// Waits for the flight under way.
    pub(crate) async fn landed(&self) {
        if let Some(passenger) = self.flight.under_way() {
            passenger.await;
        }
    }
}

async fn fly(job: Job, errand: Errand, pilot: Pilot<Result<(), Error>>) {
    // What befalls somebody's code or password is theirs alone: it says nothing of the grant in
    // hand.
    let is_noted = matches!(errand, Errand::Refresh(_));
    let flight = Flight(job);
    let outcome = transaction::run(&flight.0, errand).await;
    if let Err(error) = &outcome
        && is_noted
    {
        flight.0.note_failure(error);
    }
    let outcome = outcome.map_err(|error| error.with_key(&flight.0.key));
    // Before anybody learns of the end: the next flight may begin at once, and what that one spends
    // is not in doubt because of this.
    drop(flight);
    pilot.land(outcome);
}

/// Where it is dropped in the middle, with its runtime or by a panic, the token that it spent is in
/// doubt.
struct Flight(Job);

impl Drop for Flight {
    fn drop(&mut self) {
        if self.0.spending.swap(false, Ordering::AcqRel) {
            self.0.note_failure(&broke_off());
        }
    }
}
