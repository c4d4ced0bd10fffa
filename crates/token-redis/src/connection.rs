//! The connection to Redis: made when it is needed, checked when it is made, made anew where it
//! broke, and each answer in time.

use std::fmt;
use std::time::Duration;

use token_core::store::StoreError;
use tokio::time::timeout;

use crate::check::{self, EvictionCheck, RedisNode};
use crate::connect::{Connection, Connector};
use crate::failure::is_of_the_connection;
use crate::listeners::Listeners;
use crate::script::{Answered, Call, Requirement};
use crate::session::{Failed, Session};

/// Shared by all handles of one store.
pub(crate) struct SharedConnection {
    state: tokio::sync::Mutex<State>,
    within: Duration,
    eviction: EvictionCheck,
}

struct State {
    connector: Connector,
    session: Option<Session>,
}

impl SharedConnection {
    pub(crate) fn new(connector: Connector, within: Duration, eviction: EvictionCheck) -> Self {
        let state = tokio::sync::Mutex::new(State {
            connector,
            session: None,
        });
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
                self.disconnect();
                Err(StoreError::new("Redis did not answer in time"))
            }
        }
    }

    async fn ask_twice(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        match self.session(call.requires).await?.ask(call).await {
            Err(failed) if is_of_the_connection(&failed.error) => {
                self.disconnect();
                let again = self.session(call.requires).await?.ask(call).await;
                let answered = again.map_err(|failed| self.give_up(&failed))?;
                Ok(Answered {
                    is_repeated: true,
                    ..answered
                })
            }
            answer => answer.map_err(|failed| failed.store_error()),
        }
    }

    fn give_up(&self, failed: &Failed) -> StoreError {
        if is_of_the_connection(&failed.error) {
            self.disconnect();
        }
        failed.store_error()
    }

    /// Whether the server tells us of changes on this channel.
    pub(crate) async fn listens(&self, channel: &str) -> bool {
        let listening = async {
            self.session(Requirement::Any)
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
    pub(crate) async fn forget_unwanted(&self, listeners: &Listeners) {
        let Some(session) = self.state.lock().await.session.clone() else {
            return;
        };
        _ = timeout(self.within, session.forget_unwanted(listeners)).await;
    }

    pub(crate) async fn connects(&self) -> Result<(), StoreError> {
        timeout(self.within, self.session(Requirement::Any))
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
            .map(drop)
    }

    pub(crate) async fn nodes(&self) -> Result<Vec<RedisNode>, StoreError> {
        let asking =
            async { check::nodes(&mut self.session(Requirement::Any).await?.connection).await };
        timeout(self.within, asking)
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
    }

    async fn session(&self, requires: Requirement) -> Result<Session, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(session) = &state.session
            && session.is_driven()
            && session.serves(requires).is_ok()
        {
            return Ok(session.clone());
        }
        // A server that was not fit may be by now, or another has taken its place; and a connection
        // of a runtime that stands still answers nobody.
        let mut connection = state.connector.open().await?;
        let fitness = self.fitness(&mut connection).await;
        let session = Session::new(connection, fitness);
        state.session = Some(session.clone());
        session.serves(requires).map(|()| session)
    }

    async fn fitness(&self, connection: &mut Connection) -> Result<(), StoreError> {
        match self.eviction {
            EvictionCheck::AtEachConnection => check::fitness(&check::nodes(connection).await?),
            EvictionCheck::Never => Ok(()),
        }
    }

    /// The next who asks connects anew. Where somebody is connecting right now, that is what
    /// happens anyway.
    fn disconnect(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.session = None;
        }
    }
}

impl fmt::Debug for SharedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConnection")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
