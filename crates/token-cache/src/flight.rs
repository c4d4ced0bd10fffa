//! A caller's way to a token: it uses the current one, waits for a refresh, or starts one. At most
//! one refresh is in flight, and no caller can cancel it.

#[cfg(feature = "pool")]
mod at_rest;
pub(crate) mod background;
pub(crate) mod health;
pub(crate) mod held;
#[cfg(feature = "pool")]
pub(crate) mod in_pool;
pub(crate) mod runtime;
pub(crate) mod single_flight;
mod start;
mod sync;
mod wait;
mod waiters;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use token_core::{Answer, Error, Request};

#[cfg(feature = "pool")]
use self::in_pool::InPool;
use self::runtime::Tasks;
use self::single_flight::SingleFlight;
use self::waiters::{Waiters, Waiting};
use crate::current::Current;
use crate::current::decide::{Decision, RefreshState};
use crate::current::sessions::SessionId;
use crate::current::token_guard::TokenGuard;
use crate::refresh::Refresher;
use crate::refresh::grant_state::GrantState;
use crate::refresh::revoke::LoggedOut;

/// What the clones of a cache, and the tasks that work for it, share.
pub(crate) struct Shared {
    pub(crate) current: Current,
    pub(crate) refresher: Refresher,
    tasks: Tasks,
    flight: SingleFlight<Result<(), Error>>,
    /// When the store was last looked at for callers without a token, in milliseconds of elapsed
    /// time.
    looked_at: AtomicU64,
    wait_timeout: Duration,
    waiters: Waiters,
    #[cfg(feature = "pool")]
    in_pool: Option<InPool>,
}

impl Shared {
    pub(crate) fn new(
        current: Current,
        refresher: Refresher,
        tasks: Tasks,
        wait_timeout: Duration,
    ) -> Self {
        Self {
            current,
            refresher,
            tasks,
            flight: SingleFlight::new(),
            looked_at: AtomicU64::new(0),
            wait_timeout,
            waiters: Waiters::default(),
            #[cfg(feature = "pool")]
            in_pool: None,
        }
    }

    /// Returns how long a caller waits.
    pub(crate) fn wait_timeout(&self) -> Duration {
        self.wait_timeout
    }

    /// Returns the runtime that the builder was given.
    #[cfg(feature = "blocking")]
    pub(crate) fn given_runtime(&self) -> Option<&tokio::runtime::Handle> {
        self.tasks.given()
    }

    fn decide(&self) -> Decision {
        match self.is_in_flight() {
            false => self.current.decide(),
            true if self.refresher.waits_for_owner() => {
                self.current.decide_during(RefreshState::InDoubt)
            }
            true => self.current.decide_during(RefreshState::InFlight),
        }
    }

    /// Names the grant in the error of a caller.
    fn named<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        outcome.map_err(|error| error.with_key(self.current.key()))
    }

    /// Counts a caller that waits for a token.
    fn waiting(&self) -> Waiting<'_> {
        self.waiters.one_more(self.current.meter())
    }

    fn is_in_flight(&self) -> bool {
        self.flight.is_under_way()
    }

    /// Waits for the end of the flight under way.
    async fn flight_ends(&self) {
        if let Some(waiter) = self.flight.join() {
            waiter.await;
        }
    }
}

/// What runs as a task of its own, so that no caller can cancel it.
impl Shared {
    pub(crate) async fn logout(self: &Arc<Self>) -> Result<LoggedOut, Error> {
        let (shared, session) = self.for_task();
        let logout = async move {
            shared
                .refresher
                .logout(shared.current.session(session))
                .await
        };
        self.named(self.tasks.run(logout).await)
    }

    pub(crate) async fn grant_state(self: &Arc<Self>) -> Result<GrantState, Error> {
        let (shared, session) = self.for_task();
        let asking = async move {
            shared
                .refresher
                .grant_state(shared.current.session(session))
                .await
        };
        self.named(self.tasks.run(asking).await)
    }

    /// Adopts what the store has, and returns the live token.
    pub(crate) async fn load(self: &Arc<Self>) -> Result<Option<TokenGuard>, Error> {
        let (shared, session) = self.for_task();
        let loading = async move {
            let session = shared.current.session(session);
            shared.refresher.look(session).await
        };
        self.named(self.tasks.run(loading).await)?;
        Ok(self.current.live())
    }

    /// Sends one request that is about the token, and reads the answer.
    pub(crate) async fn ask<T>(
        self: &Arc<Self>,
        request: Request,
        read: impl FnOnce(&Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (shared, session) = self.for_task();
        let asking = async move {
            shared
                .refresher
                .ask(shared.current.session(session), request)
                .await
        };
        let reply = self.named(self.tasks.run(asking).await)?;
        self.named(read(&reply.answer()))
    }

    /// Waits, at most this long, until no refresh is in flight and the store has acknowledged the
    /// newest token. Returns whether that is so.
    pub(crate) async fn drain(self: &Arc<Self>, within: Duration) -> bool {
        if self.is_settled() {
            return true;
        }
        let (shared, session) = self.for_task();
        // The task ends with its caller's time, however long a store is away.
        let settling = async move {
            let settling = shared.wait_until_settled(session);
            Ok(tokio::time::timeout(within, settling).await.is_ok())
        };
        self.tasks.run(settling).await.unwrap_or(false)
    }

    pub(crate) fn is_settled(&self) -> bool {
        !self.is_in_flight() && self.refresher.pending().is_settled()
    }

    async fn wait_until_settled(&self, session: SessionId) {
        const BETWEEN_TRIES: Duration = Duration::from_millis(100);
        self.flight_ends().await;
        let session = self.current.session(session);
        // Another token may come while this one is written.
        while !self.refresher.pending().is_settled() {
            if self
                .refresher
                .write_pending_and_release(session)
                .await
                .is_err()
            {
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
        }
    }

    /// Awaits a future for at most `within`; `None` if it was not ready by then, or if there is no
    /// runtime to tell.
    pub(crate) async fn at_most<F: Future>(&self, within: Duration, it: F) -> Option<F::Output> {
        self.tasks.timeout(within, it).await.ok().flatten()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.current.fmt(f)
    }
}
