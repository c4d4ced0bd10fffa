//! The connection to Redis: made when it is needed, checked when it is made, made anew where it broke, and each answer in time.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use token_core::store::StoreError;
use tokio::time::timeout;

use crate::call::{Call, Replicas};
use crate::check::{self, EvictionCheck, RedisNode};
use crate::dial::{Dialer, Line};
use crate::failure::{is_of_the_connection, store_error};

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

/// A connection that works as far as is known.
#[derive(Clone)]
struct Live {
    line: Line,
    /// On which channels it listens.
    channels: Arc<Mutex<HashSet<String>>>,
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

    /// Asks, over a new connection where the old one broke, and waits for as long as one answer may take.
    ///
    /// All that is asked may be asked twice: every operation of a store has the same outcome when it is repeated by its owner.
    pub(crate) async fn ask(&self, call: &Call<'_>) -> Result<Value, StoreError> {
        let within = self.within + call.replicas.map_or(Duration::ZERO, |replicas| replicas.within);
        match timeout(within, self.ask_twice(call)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.hang_up();
                Err(StoreError::new("Redis did not answer in time"))
            }
        }
    }

    async fn ask_twice(&self, call: &Call<'_>) -> Result<Value, StoreError> {
        match self.live().await?.ask(call).await {
            Err(error) if is_of_the_connection(&error) => {
                self.hang_up();
                let again = self.live().await?.ask(call).await;
                again.map_err(|error| self.give_up(&error))
            }
            answer => answer.map_err(|error| store_error(&error)),
        }?
    }

    fn give_up(&self, error: &RedisError) -> StoreError {
        if is_of_the_connection(error) {
            self.hang_up();
        }
        store_error(error)
    }

    /// Whether the server tells us of changes on this channel.
    pub(crate) async fn listens(&self, channel: &str) -> bool {
        let listening = async { self.live().await.ok()?.listen(channel).await.ok() };
        matches!(timeout(self.within, listening).await, Ok(Some(())))
    }

    pub(crate) async fn nodes(&self) -> Result<Vec<RedisNode>, StoreError> {
        let asking = async { check::nodes(&mut self.live().await?.line).await };
        timeout(self.within, asking)
            .await
            .unwrap_or_else(|_| Err(StoreError::new("Redis did not answer in time")))
    }

    async fn live(&self) -> Result<Live, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(live) = &state.live {
            return Ok(live.clone());
        }
        let mut line = state.dialer.dial().await.map_err(|error| store_error(&error))?;
        if self.eviction == EvictionCheck::AtEachConnection {
            check::fitness(&check::nodes(&mut line).await?)?;
        }
        let live = Live {
            line,
            channels: Arc::default(),
        };
        state.live = Some(live.clone());
        Ok(live)
    }

    /// The next who asks connects anew. Where somebody is connecting right now, that is what happens anyway.
    fn hang_up(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.live = None;
        }
    }
}

impl Live {
    async fn ask(mut self, call: &Call<'_>) -> RedisResult<Result<Value, StoreError>> {
        match self.line.send(&call.by_name(), call.replicas).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.line.send(&call.with_text(), call.replicas).await
            }
            answer => answer,
        }
    }

    async fn listen(mut self, channel: &str) -> RedisResult<()> {
        if self
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(channel)
        {
            return Ok(());
        }
        match &mut self.line {
            Line::Node(connection) => connection.subscribe(channel).await?,
            Line::Cluster(connection) => connection.subscribe(channel).await?,
        }
        self.channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(channel.to_owned());
        Ok(())
    }
}

impl Line {
    async fn send(
        &mut self,
        command: &Cmd,
        replicas: Option<Replicas>,
    ) -> RedisResult<Result<Value, StoreError>> {
        match self {
            Self::Node(connection) => send(connection, command, replicas).await,
            Self::Cluster(connection) => send(connection, command, replicas).await,
        }
    }
}

/// The command, and in the same round trip how many replicas have what it wrote.
async fn send(
    connection: &mut impl ConnectionLike,
    command: &Cmd,
    replicas: Option<Replicas>,
) -> RedisResult<Result<Value, StoreError>> {
    let Some(replicas) = replicas else {
        return connection
            .req_packed_command(command)
            .await?
            .extract_error()
            .map(Ok);
    };
    let mut both = redis::pipe();
    let within = u64::try_from(replicas.within.as_millis()).unwrap_or(u64::MAX);
    both.add_command(command.clone())
        .cmd("WAIT")
        .arg(replicas.count)
        .arg(within);
    let answers = connection.req_packed_commands(&both, 0, 2).await?;
    let [answer, acknowledged] = <[Value; 2]>::try_from(answers).map_err(|_| not_two())?;
    let answer = answer.extract_error()?;
    let acknowledged: u32 = redis::from_redis_value(acknowledged.extract_error()?)?;
    if acknowledged < replicas.count {
        return Ok(Err(too_few(acknowledged, replicas.count)));
    }
    Ok(Ok(answer))
}

fn not_two() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "two answers were expected"))
}

fn too_few(acknowledged: u32, wanted: u32) -> StoreError {
    StoreError::new("fewer replicas than asked for have the write")
        .with_detail(format!("{acknowledged} of {wanted}"))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
