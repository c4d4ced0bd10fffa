//! A caller that waits: for the end of the flight, or for a token that can be had before.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::{Error, ErrorKind};

use crate::decide::Decision;
use crate::engine::{Engine, no_token};
use crate::held::TokenGuard;

impl Engine {
    /// What the flight brings, or a live token that it finds on its way: one that is due comes from the store long before the next.
    pub(crate) async fn wait(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        let mut published = pin!(self.published.notified());
        let Some(passenger) = self.take_off()? else {
            return self.live().ok_or_else(|| self.last_error());
        };
        let mut landed = pin!(tokio::time::timeout(within, passenger));
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut landed => break outcome,
                () = &mut published => published.set(self.published.notified()),
            }
            if let Some(token) = self.worth_no_wait() {
                return Ok(token);
            }
        };
        let error = match outcome {
            Ok(Some(Ok(()))) => no_token(),
            Ok(Some(Err(error))) => error,
            Ok(None) => Error::new(ErrorKind::Transient { after: None }, "the flight broke off"),
            Err(_) => Error::new(
                ErrorKind::Transient { after: None },
                "no token in time; the exchange goes on",
            ),
        };
        self.live().ok_or(error)
    }

    fn worth_no_wait(&self) -> Option<TokenGuard> {
        match self.decide() {
            Decision::Use | Decision::UseAndRefresh => self.live(),
            Decision::Wait | Decision::Fail => None,
        }
    }
}
