//! A caller without a fresh token: it gets what the refresh brings, or a token that comes before.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use token_core::{Error, ErrorKind, Generation};

use super::Shared;
use crate::current::cached_token::CachedToken;
use crate::current::decide::Decision;
use crate::current::token_guard::TokenGuard;
use crate::refresh::exchange::broke_off;
use crate::refresh::trigger::Trigger;

/// Flights that bring no usable token are followed by others, but not for ever.
const MAX_FLIGHTS: u32 = 6;

impl Shared {
    /// Returns a token to a caller for whom the current one is not fresh.
    pub(crate) async fn token(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        let decision = self.decide();
        // A live token is handed out whether or not a refresh can be started.
        if decision == Decision::UseAndRefresh {
            _ = self.start_if_needed(Trigger::Caller);
        }
        if matches!(decision, Decision::Use | Decision::UseAndRefresh)
            && let Some(token) = self.current.live()
        {
            return Ok(token);
        }
        self.named(self.wait(within).await)
    }

    /// Waits for the refresh, within the caller's own time. A live token is not replaced by an
    /// error.
    async fn wait(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        let _waiting = self.waiting();
        let deadline = self.current.now().elapsed.saturating_add(within);
        let waiting = pin!(self.wait_until(deadline));
        let waited = self.tasks.timeout(within, waiting).await?;
        waited
            .unwrap_or_else(|| Err(self.late()))
            .or_else(|error| self.current.live().ok_or(error))
    }

    async fn wait_until(self: &Arc<Self>, deadline: Duration) -> Result<TokenGuard, Error> {
        let mut flights = 0;
        loop {
            let published = self.current.published();
            match self.decide() {
                Decision::Wait if flights < MAX_FLIGHTS => {
                    flights += 1;
                    let outcome = self.refresh_once().await;
                    // A failure that delays the next refresh is looked at below.
                    if outcome.is_err() && flights == MAX_FLIGHTS {
                        outcome?;
                    }
                }
                Decision::Wait => return Err(self.current.no_token()),
                Decision::Fail if self.look().await => {}
                Decision::Fail => Box::pin(self.wait_out_pause(deadline, published)).await?,
                Decision::UseAndRefresh => self.start_if_needed(Trigger::Caller)?,
                Decision::Use => {}
            }
            if let Some(token) = self.current.live() {
                return Ok(token);
            }
        }
    }

    /// Waits out a short pause after a temporary failure; only with the first failures of an
    /// outage.
    async fn wait_out_pause(
        &self,
        deadline: Duration,
        published: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let pause = self.current.pause_left();
        let time_left = deadline.saturating_sub(self.current.now().elapsed);
        if !self.current.is_worth_waiting(pause, time_left) {
            return Err(self.current.no_token());
        }
        // The pause is over, or there is another token: both are looked at again.
        _ = self.tasks.timeout(pause, published).await?;
        Ok(())
    }

    /// Waits for the end of the flight, or for a live token that it finds on its way: one that is
    /// due comes from the store long before the next.
    async fn refresh_once(self: &Arc<Self>) -> Result<(), Error> {
        let mut published = pin!(self.current.published());
        let Some(mut flight) = self.join_or_start()? else {
            return Ok(());
        };
        // What it polls itself need not wake it.
        let finds_live = poll_fn(|context| match flight.poll_own(context) {
            Poll::Pending if self.has_live() => Poll::Ready(true),
            polled => polled.map(|()| false),
        });
        if finds_live.await {
            return Ok(());
        }
        loop {
            tokio::select! {
                biased;
                () = &mut published => published.set(self.current.published()),
                outcome = &mut flight => return outcome.unwrap_or_else(|| Err(broke_off())),
            }
            if self.has_live() {
                return Ok(());
            }
        }
    }

    fn has_live(&self) -> bool {
        matches!(self.decide(), Decision::Use | Decision::UseAndRefresh)
    }

    /// Returns another token than the one of this generation: the current one, or one by an
    /// exchange that all who ask for it share.
    pub(crate) async fn another(
        self: &Arc<Self>,
        generation: Generation,
        within: Duration,
    ) -> Result<TokenGuard, Error> {
        let cached = self.current.cached();
        if cached.token().generation() != generation
            && let Some(token) = self.current.live()
        {
            return Ok(token);
        }
        let _waiting = self.waiting();
        let refreshing = pin!(self.refresh_past(cached));
        let refreshed = self.named(self.tasks.timeout(within, refreshing).await)?;
        self.named(refreshed.unwrap_or_else(|| Err(self.late())))?;
        self.current.live().ok_or_else(|| self.current.not_live())
    }

    /// Refreshes until another token than this one is current. The flight under way may only be
    /// giving its lease back.
    async fn refresh_past(self: &Arc<Self>, cached: Arc<CachedToken>) -> Result<(), Error> {
        cached.supersede();
        let mut flights = 0;
        while Arc::ptr_eq(&cached, &self.current.cached()) {
            flights += 1;
            match self.join_or_start()? {
                Some(flight) => {
                    let outcome = flight.await.unwrap_or_else(|| Err(broke_off()));
                    // Another's code or look at the store says nothing of this exchange, which may
                    // still be made.
                    if flights == MAX_FLIGHTS || !self.current.pause_left().is_zero() {
                        outcome?;
                    }
                }
                None if !Arc::ptr_eq(&cached, &self.current.cached()) => {}
                // Without a failure there is a pause only if the vendor just repeated this token:
                // there is no newer one.
                None => return self.current.failure().map_or(Ok(()), Err),
            }
        }
        Ok(())
    }

    /// Returns the error of a caller whose time is over: the last failure, if there was one, says
    /// more.
    fn late(&self) -> Error {
        self.current.failure().unwrap_or_else(|| {
            let late = Error::new(
                ErrorKind::Transient { after: None },
                "timed out waiting for a token; the exchange goes on",
            );
            late.with_key(self.current.key())
        })
    }
}
