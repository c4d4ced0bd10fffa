//! The connection to Redis: opened and checked when needed, replaced if it breaks, with a time
//! limit for each answer.

use std::fmt;
use std::time::Duration;

use token_core::store::StoreError;
use tokio::time::timeout;

use crate::check::{self, EvictionCheck, RedisNode};
use crate::connect::{Connection, Connector};
use crate::failure::is_connection_error;
use crate::listeners::Listeners;
use crate::scan::{self, Address};
use crate::script::{Answered, Call, Requirement};
use crate::session::{Failed, Session};

/// The connection that all clones of one store share.
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

    /// Runs a script within its time limit, a second time over a new connection if the first one
    /// broke.
    ///
    /// Repeating is safe: every operation of a store has the same outcome if its owner repeats it.
    pub(crate) async fn run(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        let for_replicas = call
            .replicas
            .map_or(Duration::ZERO, |replicas| replicas.within);
        let within = self.within.saturating_add(for_replicas);
        match timeout(within, self.run_with_retry(call)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.disconnect();
                Err(StoreError::new("Redis did not answer in time"))
            }
        }
    }

    async fn run_with_retry(&self, call: &Call<'_>) -> Result<Answered, StoreError> {
        match self.session(call.requires).await?.run(call).await {
            Err(failed) if is_connection_error(&failed.error) => {
                self.disconnect();
                let again = self.session(call.requires).await?.run(call).await;
                let answered = again.map_err(|failed| self.failed_again(&failed))?;
                Ok(Answered {
                    is_repeated: true,
                    ..answered
                })
            }
            answer => answer.map_err(|failed| failed.store_error()),
        }
    }

    fn failed_again(&self, failed: &Failed) -> StoreError {
        if is_connection_error(&failed.error) {
            self.disconnect();
        }
        failed.store_error()
    }

    /// Subscribes to a channel; returns whether messages will arrive.
    pub(crate) async fn subscribe(&self, channel: &str) -> bool {
        let subscribed = async {
            self.session(Requirement::Any)
                .await
                .ok()?
                .subscribe(channel)
                .await
                .ok()
        };
        matches!(timeout(self.within, subscribed).await, Ok(Some(())))
    }

    /// Unsubscribes from channels without waiters. If that fails, the connection is broken and has
    /// no subscriptions.
    pub(crate) async fn unsubscribe_unused(&self, listeners: &Listeners) {
        let Some(session) = self.state.lock().await.session.clone() else {
            return;
        };
        _ = timeout(self.within, session.unsubscribe_unused(listeners)).await;
    }

    pub(crate) async fn ensure_connected(&self) -> Result<(), StoreError> {
        self.in_time(self.session(Requirement::Any)).await.map(drop)
    }

    /// Returns the nodes to pass to `scan`.
    pub(crate) async fn scanned_nodes(&self) -> Result<Vec<Option<Address>>, StoreError> {
        let query =
            async { scan::nodes(&mut self.session(Requirement::Any).await?.connection).await };
        self.in_time(query).await
    }

    pub(crate) async fn scan(
        &self,
        node: Option<&Address>,
        cursor: u64,
        pattern: &str,
    ) -> Result<(u64, Vec<String>), StoreError> {
        let scan = async {
            let mut session = self.session(Requirement::Any).await?;
            scan::scan(&mut session.connection, node, cursor, pattern).await
        };
        self.in_time(scan).await
    }

    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout(self.within, asked)
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
    }

    pub(crate) async fn nodes(&self) -> Result<Vec<RedisNode>, StoreError> {
        let query =
            async { check::nodes(&mut self.session(Requirement::Any).await?.connection).await };
        self.in_time(query).await
    }

    async fn session(&self, requires: Requirement) -> Result<Session, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(session) = &state.session
            && session.is_driven()
            && session.serves(requires).is_ok()
        {
            return Ok(session.clone());
        }
        // A server that was unsuitable may be suitable now, or another one may have its address;
        // and if the runtime of a connection is not running, no answers arrive.
        let mut connection = state.connector.open().await?;
        let durability = self.durability(&mut connection).await;
        let session = Session::new(connection, durability);
        state.session = Some(session.clone());
        session.serves(requires).map(|()| session)
    }

    async fn durability(&self, connection: &mut Connection) -> Result<(), StoreError> {
        match self.eviction {
            EvictionCheck::AtEachConnection => check::check_nodes(&check::nodes(connection).await?),
            EvictionCheck::Never => Ok(()),
        }
    }

    /// Drops the connection, so that the next call opens a new one. If another call is opening one
    /// right now, nothing is left to do.
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
