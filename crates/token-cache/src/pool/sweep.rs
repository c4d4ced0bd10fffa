//! Looks for grants that only the store has, and whose access tokens are due: nobody else would
//! refresh them, and their refresh tokens end some day.

mod places;

use std::sync::{Arc, Weak};

use token_core::store::{Due, DueCursor, StoreError};
use token_core::{Clock as _, TokenKey};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;

use self::places::Places;
use super::accounts::DeploymentHash;
use super::inner::Inner;
use crate::current::events::Event;
use crate::refresh::endpoint_source::unless_it_panics;

/// A token that is due, and in the store only.
pub(super) struct Found {
    pub(super) account: Arc<str>,
    pub(super) key: TokenKey,
    pub(super) deployment: DeploymentHash,
}

/// A token that was found, and its place in the queue of its deployment, until its turn comes.
pub(super) type Waiting = (Found, OwnedSemaphorePermit);

/// Goes through the store again and again, until nobody listens or the store cannot list its keys.
pub(super) async fn run(pool: Weak<Inner>, found: UnboundedSender<Waiting>) {
    let mut places = Places::default();
    while let Some(pause) = pool.upgrade().map(|pool| pool.limits.between_sweeps) {
        let swept = sweep(&pool, &found, &mut places).await;
        let Some(pool) = pool.upgrade() else { return };
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

/// Goes through all pages once.
async fn sweep(
    pool: &Weak<Inner>,
    found: &UnboundedSender<Waiting>,
    places: &mut Places,
) -> Result<(), StoreError> {
    places.begin_sweep();
    let mut after: Option<DueCursor> = None;
    loop {
        let Some(pool) = pool.upgrade() else {
            return Ok(());
        };
        let now = pool.engines.clock.now().wall;
        let listing = async { pool.engines.store.due(now, after.as_ref()).await };
        let page = unless_it_panics(listing).await;
        let page = page.unwrap_or_else(|| Err(StoreError::new("the store panicked")))?;
        let on_page = pool.only_in_store(page.due);
        drop(pool);
        for token in on_page {
            let Some(place) = places.take(token.deployment).await else {
                continue;
            };
            if found.send((token, place)).is_err() {
                return Ok(());
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
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
