//! The right to spend a refresh token, for a time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::store::Renewed;
use token_core::{Clock, Error, ErrorKind};

use super::admission::Permit;
use super::bound_store::BoundStore;

/// A lease that we hold.
pub(crate) struct Lease<'a> {
    store: &'a BoundStore,
    clock: &'a dyn Clock,
    ttl: Duration,
    /// The elapsed time just before it was acquired. Taken before the request, so the estimate of
    /// the lease's end is never too late.
    acquired_at: Duration,
    /// Given back with the lease at the latest.
    permits: Mutex<Permits<'a>>,
}

/// What a pool has permitted.
struct Permits<'a> {
    refresh: Option<Permit<'a>>,
    exchange: Option<Permit<'a>>,
}

impl<'a> Lease<'a> {
    /// Returns the lease that the store has just granted to us.
    pub(crate) fn granted(
        store: &'a BoundStore,
        clock: &'a dyn Clock,
        ttl: Duration,
        acquired_at: Duration,
        permit: Option<Permit<'a>>,
    ) -> Self {
        Self {
            store,
            clock,
            ttl,
            acquired_at,
            permits: Mutex::new(Permits {
                refresh: permit,
                exchange: None,
            }),
        }
    }

    /// Gives the permit back, so that another refresh may use it. To go on, a new one is needed.
    pub(super) fn give_up_permit(&self) {
        self.permits().refresh = None;
    }

    pub(super) fn has_permit(&self) -> bool {
        self.permits().refresh.is_some()
    }

    pub(super) fn keep_permit(&self, permit: Permit<'a>) {
        self.permits().refresh = Some(permit);
    }

    /// Keeps the permit for the exchange until it is answered.
    pub(super) fn keep_turn(&self, permit: Permit<'a>) {
        self.permits().exchange = Some(permit);
    }

    /// The turn is over: what is still to do concerns the store alone.
    pub(super) fn end_turn(&self) {
        self.permits().exchange = None;
    }

    fn permits(&self) -> MutexGuard<'_, Permits<'a>> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the future, and renews the lease at each third of its life. If the lease is lost
    /// meanwhile, the future goes on: what it brings may be the only live token. The future is
    /// large and stays where it is: one that is moved in is held twice.
    ///
    /// The timer of the lease is set before those of the exchange, which end later: a timer that is
    /// to end before all others wakes the runtime's timer driver.
    pub(crate) async fn kept_while<T>(&self, work: Pin<&mut impl Future<Output = T>>) -> T {
        tokio::select! {
            biased;
            never = self.keep() => match never {},
            outcome = work => outcome,
        }
    }

    /// Makes sure that the lease is still ours and has at least half of its life, by the clock that
    /// counts suspend.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let age = self.clock.now().elapsed.saturating_sub(self.acquired_at);
        if age < self.ttl / 2 {
            return Ok(());
        }
        match self.store.renew(self.ttl).await {
            Ok(Renewed::Held) => Ok(()),
            Ok(_) => Err(Error::new(
                ErrorKind::Transient { after: None },
                "the lease ran out before the token was spent",
            )),
            Err(error) => Err(error.to_error()),
        }
    }

    /// The same for what may be sent without a lease, if the store cannot be reached.
    pub(crate) async fn check_if_reachable(&self) -> Result<(), Error> {
        match self.check().await {
            Err(error) if error.kind() == ErrorKind::Store => Ok(()),
            checked => checked,
        }
    }

    pub(crate) async fn give_back(&self) {
        self.store.release().await;
    }

    /// Never ends: the work goes on without the lease too.
    async fn keep(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.ttl / 3).await;
            if matches!(self.store.renew(self.ttl).await, Ok(Renewed::Lost)) {
                return std::future::pending().await;
            }
        }
    }
}
