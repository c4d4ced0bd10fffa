//! A caller without a fresh token: it gets what the flight brings, or a token that can be had
//! before.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::{Error, ErrorKind, Generation};

use crate::decide::Decision;
use crate::engine::{Engine, no_token};
use crate::held::{Held, TokenGuard};
use crate::runtime::broke_off;
use crate::transaction::For;

/// Flights that bring no usable token are followed by others, but not for ever.
const MOST_FLIGHTS: u32 = 6;

impl Engine {
    /// What a caller gets whose token is not fresh.
    pub(crate) async fn token(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        let decision = self.decide();
        // A live token is handed out whether or not a flight can be started for the next one.
        if decision == Decision::UseAndRefresh {
            _ = self.take_off(For::Caller);
        }
        match self.live() {
            Some(token) if matches!(decision, Decision::Use | Decision::UseAndRefresh) => Ok(token),
            _ => self.wait(within).await,
        }
    }

    /// What a flight brings, within the caller's own time; a live token is not replaced by an
    /// error.
    async fn wait(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        let deadline = self.clock.now().elapsed.saturating_add(within);
        let waited = self
            .tasks
            .timeout(within, self.wait_until(deadline))
            .await?;
        waited
            .unwrap_or_else(|| Err(self.late()))
            .or_else(|error| self.live().ok_or(error))
    }

    async fn wait_until(self: &Arc<Self>, deadline: Duration) -> Result<TokenGuard, Error> {
        let mut flights = 0;
        loop {
            let published = self.published.notified();
            match self.decide() {
                Decision::Wait if flights < MOST_FLIGHTS => {
                    flights += 1;
                    let outcome = self.fly_once().await;
                    // A failure that holds off the next flight is looked at below.
                    if outcome.is_err() && flights == MOST_FLIGHTS {
                        outcome?;
                    }
                }
                Decision::Wait => return Err(self.last_error()),
                Decision::Fail if self.look().await => {}
                Decision::Fail => self.rest(deadline, published).await?,
                Decision::UseAndRefresh => _ = self.take_off(For::Caller)?,
                Decision::Use => {}
            }
            if let Some(token) = self.live() {
                return Ok(token);
            }
        }
    }

    /// Waits out a short pause of a failure that passes by itself; with the first failures of an
    /// outage only.
    async fn rest(
        &self,
        deadline: Duration,
        published: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let pause = self.pause_left();
        let time_left = deadline.saturating_sub(self.clock.now().elapsed);
        if !self.is_worth_waiting(pause, time_left) {
            return Err(self.last_error());
        }
        // Over, or there is another token: both are looked at again.
        _ = self.tasks.timeout(pause, published).await?;
        Ok(())
    }

    /// Waits for the end of the flight, or for a live token that it finds on its way: one that is
    /// due comes from the store long before the next.
    async fn fly_once(self: &Arc<Self>) -> Result<(), Error> {
        let mut published = pin!(self.published.notified());
        let Some(passenger) = self.take_off(For::Caller)? else {
            return Ok(());
        };
        let mut passenger = pin!(passenger);
        loop {
            tokio::select! {
                biased;
                () = &mut published => published.set(self.published.notified()),
                outcome = &mut passenger => return outcome.unwrap_or_else(|| Err(broke_off())),
            }
            if matches!(self.decide(), Decision::Use | Decision::UseAndRefresh) {
                return Ok(());
            }
        }
    }

    /// Another token than the one of this generation: the one in hand, or one by an exchange that
    /// all who ask for it share.
    pub(crate) async fn another(
        self: &Arc<Self>,
        generation: Generation,
        within: Duration,
    ) -> Result<TokenGuard, Error> {
        let held = self.held();
        if held.token().generation() != generation
            && let Some(token) = self.live()
        {
            return Ok(token);
        }
        let flown = self.tasks.timeout(within, self.fly_past(held)).await?;
        flown.unwrap_or_else(|| Err(self.late()))?;
        self.live().ok_or_else(no_token)
    }

    /// Flies until another token is in hand than this one. The flight under way may only be giving
    /// its lease back.
    async fn fly_past(self: &Arc<Self>, held: Arc<Held>) -> Result<(), Error> {
        held.supersede();
        let mut flights = 0;
        while Arc::ptr_eq(&held, &self.held()) {
            flights += 1;
            match self.take_off(For::Caller)? {
                Some(passenger) => {
                    let outcome = passenger.await.unwrap_or_else(|| Err(broke_off()));
                    // Another's code or look at the store says nothing of this exchange, which may
                    // still be made.
                    if flights == MOST_FLIGHTS || !self.pause_left().is_zero() {
                        outcome?;
                    }
                }
                None if !Arc::ptr_eq(&held, &self.held()) => {}
                // Without a failure there is a pause only where the vendor just repeated this
                // token: there is no newer one.
                None => return self.failure().map_or(Ok(()), Err),
            }
        }
        Ok(())
    }

    /// The caller's time is over: the last failure tells more than that, if there was one.
    fn late(&self) -> Error {
        self.failure().unwrap_or_else(|| {
            let late = Error::new(
                ErrorKind::Transient { after: None },
                "no token in time; the exchange goes on",
            );
            late.with_key(&self.key)
        })
    }
}
