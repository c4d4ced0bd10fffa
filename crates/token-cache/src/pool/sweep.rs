//! Looks for grants that only the store has, and whose access tokens are due: nobody else would
//! refresh them, and their refresh tokens end some day. It also looks for those that the vendor has
//! refused, of which a person must know.

mod listing;
mod places;

use std::sync::{Arc, Weak};
use std::time::Duration;

use token_core::TokenKey;
use token_core::store::{Due, StoreError};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

use self::listing::{Listing, Refused};
use self::places::Places;
use super::accounts::DeploymentHash;
use super::inner::Inner;
use crate::current::events::Event;
use crate::refresh::endpoint_source::unless_it_panics;

/// A token that is due, or whose grant was refused, and in the store only.
pub(super) struct Found {
    pub(super) account: Arc<str>,
    pub(super) key: TokenKey,
    pub(super) deployment: DeploymentHash,
    pub(super) is_refused: bool,
}

/// A token that was found, and its place in the queue of its deployment, until its turn comes.
pub(super) type Waiting = (Found, OwnedSemaphorePermit);

/// Goes through the store again and again, until nobody listens or the store cannot list its keys.
pub(super) async fn run(pool: Weak<Inner>, found: UnboundedSender<Waiting>) {
    let mut sweep = Sweep {
        pool,
        found,
        places: Places::default(),
        refused: Refused::default(),
    };
    while let Some(pause) = sweep.pause() {
        let swept = sweep.all().await;
        let Some(pool) = sweep.pool.upgrade() else {
            return;
        };
        if let Err(error) = swept {
            pool.tell_of_sweep(&error);
            if error.is_unsupported() {
                return;
            }
        }
        drop(pool);
        tokio::time::sleep(pause).await;
    }
}

struct Sweep {
    pool: Weak<Inner>,
    found: UnboundedSender<Waiting>,
    places: Places,
    refused: Refused,
}

impl Sweep {
    /// Returns how long to pause between two sweeps; `None` if the pool is gone.
    fn pause(&self) -> Option<Duration> {
        Some(self.pool.upgrade()?.limits.between_sweeps)
    }

    async fn all(&mut self) -> Result<(), StoreError> {
        self.places.begin_sweep();
        self.through(Listing::Due).await?;
        let Some(now) = self.pool.upgrade().map(|pool| pool.now().elapsed) else {
            return Ok(());
        };
        if self.refused.is_next(now) && self.through(Listing::Refused).await? {
            self.refused.were_listed(now);
        }
        Ok(())
    }

    /// Goes through all pages once. Returns whether it came to the last one: what is passed over is
    /// found the next time.
    async fn through(&mut self, listing: Listing) -> Result<bool, StoreError> {
        let mut after = listing.beginning();
        loop {
            let Some(pool) = self.pool.upgrade() else {
                return Ok(false);
            };
            if listing == Listing::Refused && pool.is_full() {
                return Ok(false);
            }
            let before = listing.end(&pool.now());
            let page = async { pool.engines.store.due(before, after.as_ref()).await };
            let page = unless_it_panics(page).await;
            let page = page.unwrap_or_else(|| Err(StoreError::new("the store panicked")))?;
            let on_page = pool.only_in_store(page.due);
            drop(pool);
            for token in on_page {
                let Some(place) = self.places.take(token.deployment).await else {
                    continue;
                };
                if self.found.send((token, place)).is_err() {
                    return Ok(false);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(true);
            }
        }
    }
}

impl Inner {
    /// Returns those that are not in memory, in an order of this process' own: another process
    /// begins elsewhere on the page, and what it has refreshed is found in the store.
    fn only_in_store(&self, due: Vec<Due>) -> Vec<Found> {
        let mut failed = None;
        let mut found: Vec<_> = due
            .into_iter()
            .filter_map(|due| {
                let named = self.account_of.name(&due.key);
                let account = named.unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                })?;
                (!self.accounts.has(&account)).then(|| Found {
                    account: account.into(),
                    deployment: self.accounts.deployment(&due.key),
                    is_refused: due.is_refused(),
                    key: due.key,
                })
            })
            .collect();
        if let Some(error) = failed {
            self.tell_of_sweep(&error);
        }
        found.sort_by_cached_key(|_| self.engines.entropy.number());
        found
    }

    fn tell_of_sweep(&self, error: &StoreError) {
        let what = format!(
            "tokens that only the store has are not refreshed: {}",
            error.to_error()
        );
        self.emit("", &Event::StoreWarning { what });
    }
}
