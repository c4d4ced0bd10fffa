//! A caller that waits: for the end of the flight, or for a token that can be had before.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use token_core::{Error, ErrorKind};

use crate::decide::Decision;
use crate::engine::{Engine, runtime};
use crate::held::TokenGuard;

impl Engine {
    /// What a flight brings, within the caller's own time; a live token is not replaced by an error.
    pub(crate) async fn wait(self: &Arc<Self>, within: Duration) -> Result<TokenGuard, Error> {
        runtime()?;
        let late = || {
            Err(Error::new(
                ErrorKind::Transient { after: None },
                "no token in time; the exchange goes on",
            ))
        };
        let brought = tokio::time::timeout(within, self.fly_along()).await;
        brought
            .unwrap_or_else(|_| late())
            .or_else(|error| self.live().ok_or(error))
    }

    async fn fly_along(self: &Arc<Self>) -> Result<TokenGuard, Error> {
        // A flight may have brought its token before this caller came, who was given that one already: then the next flight is for him.
        while self.fly_once().await? == Brought::Nothing && self.decide() == Decision::Wait {}
        self.live().ok_or_else(|| self.last_error())
    }

    /// Waits for the end of the flight, or for a live token that it finds on its way: one that is due comes from the store long before
    /// the next.
    async fn fly_once(self: &Arc<Self>) -> Result<Brought, Error> {
        let mut published = pin!(self.published.notified());
        let Some(passenger) = self.take_off()? else {
            return Ok(Brought::Token);
        };
        let mut passenger = pin!(passenger);
        let mut brought = Brought::Nothing;
        loop {
            tokio::select! {
                biased;
                () = &mut published => {
                    brought = Brought::Token;
                    published.set(self.published.notified());
                }
                outcome = &mut passenger => return outcome.unwrap_or_else(broke_off).map(|()| brought),
            }
            if matches!(self.decide(), Decision::Use | Decision::UseAndRefresh) {
                return Ok(brought);
            }
        }
    }
}

/// What a flight did while a caller was on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brought {
    Token,
    Nothing,
}

fn broke_off() -> Result<(), Error> {
    Err(Error::new(
        ErrorKind::Transient { after: None },
        "the flight broke off",
    ))
}
