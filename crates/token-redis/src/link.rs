//! The connection to Redis: made when it is needed, checked when it is made, made anew where it
//! broke, and each answer in time.

use std::fmt;
use std::time::Duration;

use token_core::store::StoreError;
use tokio::time::timeout;

use crate::call::{Answered, Call, Server};
use crate::check::{self, EvictionCheck, RedisNode};
use crate::dial::{Dialer, Line};
use crate::failure::is_of_the_connection;
use crate::hints::Hints;
use crate::live::{Failed, Live};

/// Shared by all handles of one store.
pub(crate) struct Link {
    state: tokio::sync::Mutex<State>,
    within: Duration,
    eviction: EvictionCheck,
}

struct State {
    dialer: Dialer,
    live: Option<Live>,
}

impl Link {
    pub(crate) fn new(dialer: Dialer, within: Duration, eviction: EvictionCheck) -> Self {
        let state = tokio::sync::Mutex::new(State { dialer, live: None });
        Self {
            state,
            within,
            eviction,
        }
    }

    /// Asks, over a new connection where the old one broke, and waits for as long as one answer may
    /// take.
    ///
    /// All that is asked may be asked twice: every operation of a store has the same outcome when
    /// it is repeated by its owner.
    pub(crate) async fn ask(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        let for_replicas = call
            .replicas
            .map_or(Duration::ZERO, |replicas| replicas.within);
        let within = self.within.saturating_add(for_replicas);
        match timeout(within, self.ask_twice(call)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.hang_up();
                Err(StoreError::new("Redis did not answer in time"))
            }
        }
    }

    async fn ask_twice(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        match self.live(call.server).await?.ask(call).await {
            Err(failed) if is_of_the_connection(&failed.error) => {
                self.hang_up();
                let again = self.live(call.server).await?.ask(call).await;
                let answered = again.map_err(|failed| self.give_up(&failed))?;
                Ok(Answered {
                    is_repeated: true,
                    ..answered
                })
            }
            answer => answer.map_err(|failed| failed.told()),
        }
    }

    fn give_up(&self, failed: &Failed) -> StoreError {
        if is_of_the_connection(&failed.error) {
            self.hang_up();
        }
        failed.told()
    }

    /// Whether the server tells us of changes on this channel.
    pub(crate) async fn listens(&self, channel: &str) -> bool {
        let listening = async {
            self.live(Server::Any)
                .await
                .ok()?
                .listen(channel)
                .await
                .ok()
        };
        matches!(timeout(self.within, listening).await, Ok(Some(())))
    }

    /// Listens no more where nobody waits. Where this fails the connection is gone, and the
    /// subscriptions with it.
    pub(crate) async fn forget_unwanted(&self, hints: &Hints) {
        let Some(live) = self.state.lock().await.live.clone() else {
            return;
        };
        _ = timeout(self.within, live.forget_unwanted(hints)).await;
    }

    pub(crate) async fn connects(&self) -> Result<(), StoreError> {
        timeout(self.within, self.live(Server::Any))
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
            .map(drop)
    }

    pub(crate) async fn nodes(&self) -> Result<Vec<RedisNode>, StoreError> {
        let asking = async { check::nodes(&mut self.live(Server::Any).await?.line).await };
        timeout(self.within, asking)
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
    }

    async fn live(&self, server: Server) -> Result<Live, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(live) = &state.live
            && live.is_driven()
            && live.serves(server).is_ok()
        {
            return Ok(live.clone());
        }
        // A server that was not fit may be by now, or another has taken its place; and a connection
        // of a runtime that stands still answers nobody.
        let mut line = state.dialer.dial().await?;
        let fitness = self.fitness(&mut line).await;
        let live = Live::new(line, fitness);
        state.live = Some(live.clone());
        live.serves(server).map(|()| live)
    }

    async fn fitness(&self, line: &mut Line) -> Result<(), StoreError> {
        match self.eviction {
            EvictionCheck::AtEachConnection => check::fitness(&check::nodes(line).await?),
            EvictionCheck::Never => Ok(()),
        }
    }

    /// The next who asks connects anew. Where somebody is connecting right now, that is what
    /// happens anyway.
    fn hang_up(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.live = None;
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
