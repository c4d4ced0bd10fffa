//! One connection, what is known of its server, and on which channels it listens.

use std::collections::HashSet;
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use token_core::store::StoreError;
use tokio::runtime::{self, Handle, RuntimeFlavor};
use tokio::sync::Mutex;

use crate::connect::Connection;
use crate::failure::{Step, explain, store_error};
use crate::listeners::Listeners;
use crate::script::{Answered, Call, Replicas, Requirement, Shortfall};

/// A connection that works as far as is known.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// Whether the server keeps what it is given, as it was when it was connected to.
    fitness: Result<(), StoreError>,
    home: HomeRuntime,
    /// On which channels it listens. One subscribes or unsubscribes at a time, so that neither
    /// undoes the other.
    channels: Arc<Mutex<HashSet<String>>>,
}

impl Session {
    pub(crate) fn new(connection: Connection, fitness: Result<(), StoreError>) -> Self {
        Self {
            connection,
            fitness,
            home: HomeRuntime::here(),
            channels: Arc::default(),
        }
    }

    /// Whether somebody drives it while it is waited for here.
    pub(crate) fn is_driven(&self) -> bool {
        self.home.is_driven()
    }

    /// Whether it may be asked for this, else why not.
    pub(crate) fn serves(&self, requires: Requirement) -> Result<(), StoreError> {
        match requires {
            Requirement::Any => Ok(()),
            Requirement::Durable => self.fitness.clone(),
        }
    }

    pub(crate) async fn ask(mut self, call: &Call<'_>) -> Result<Answered, Failed> {
        match self.connection.send(&call.by_name(), call.replicas).await {
            Err(failed) if failed.error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.connection.send(&call.with_text(), call.replicas).await
            }
            answer => answer,
        }
    }

    pub(crate) async fn listen(mut self, channel: &str) -> RedisResult<()> {
        let mut channels = self.channels.lock().await;
        // Noted first: a wait that is given up in the middle leaves no subscription that nobody
        // knows of.
        if !channels.insert(channel.to_owned()) {
            return Ok(());
        }
        let subscribed = match &mut self.connection {
            Connection::Node(connection) => connection.subscribe(channel).await,
            Connection::Cluster(connection) => connection.subscribe(channel).await,
        };
        if subscribed.is_err() {
            channels.remove(channel);
        }
        subscribed
    }

    /// Listens no more where nobody waits.
    pub(crate) async fn forget_unwanted(mut self, listeners: &Listeners) -> RedisResult<()> {
        let mut channels = self.channels.lock().await;
        let unwanted: Vec<String> = channels
            .iter()
            .filter(|channel| !listeners.is_waited_on(channel))
            .cloned()
            .collect();
        for channel in unwanted {
            channels.remove(&channel);
            match &mut self.connection {
                Connection::Node(connection) => connection.unsubscribe(channel).await?,
                Connection::Cluster(connection) => connection.unsubscribe(channel).await?,
            }
        }
        Ok(())
    }
}

/// The runtime that a connection was made in, and that carries what is sent over it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HomeRuntime {
    /// It has threads of its own.
    MultiThread,
    /// It stands still unless its owner waits for something.
    CurrentThread(Option<runtime::Id>),
}

impl HomeRuntime {
    fn here() -> Self {
        match Handle::try_current() {
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
                Self::MultiThread
            }
            handle => Self::CurrentThread(handle.ok().map(|handle| handle.id())),
        }
    }

    fn is_driven(self) -> bool {
        self == Self::MultiThread || self == Self::here()
    }
}

/// What the driver says, and of what.
pub(crate) struct Failed {
    pub(crate) step: Step,
    pub(crate) error: RedisError,
}

impl Failed {
    fn at(step: Step) -> impl FnOnce(RedisError) -> Self {
        move |error| Self { step, error }
    }

    pub(crate) fn store_error(&self) -> StoreError {
        store_error(self.step, &self.error)
    }
}

impl Connection {
    async fn send(
        &mut self,
        command: &Cmd,
        replicas: Option<Replicas>,
    ) -> Result<Answered, Failed> {
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
) -> Result<Answered, Failed> {
    let Some(replicas) = replicas else {
        let value = connection.req_packed_command(command).await;
        return Ok(Answered {
            value: value
                .and_then(Value::extract_error)
                .map_err(Failed::at(Step::Running))?,
            shortfall: None,
            is_repeated: false,
        });
    };
    let mut both = redis::pipe();
    let within = u64::try_from(replicas.within.as_millis()).unwrap_or(u64::MAX);
    both.add_command(command.clone())
        .cmd("WAIT")
        .arg(replicas.count)
        .arg(within);
    let answers = connection
        .req_packed_commands(&both, 0, 2)
        .await
        .map_err(Failed::at(Step::Running))?;
    let [answer, acknowledged] =
        <[Value; 2]>::try_from(answers).map_err(|_| Failed::at(Step::Running)(not_two()))?;
    let value = answer.extract_error().map_err(Failed::at(Step::Running))?;
    let shortfall = match count(acknowledged) {
        Ok(acknowledged) if acknowledged >= replicas.count => None,
        Ok(acknowledged) => Some(Shortfall::too_few(acknowledged, replicas.count)),
        Err(error) => Some(wait_refused(&error)),
    };
    Ok(Answered {
        value,
        shortfall,
        is_repeated: false,
    })
}

fn wait_refused(error: &RedisError) -> Shortfall {
    let (what, detail) = explain(Step::WaitingForReplicas, error);
    Shortfall { what, detail }
}

fn count(acknowledged: Value) -> RedisResult<u32> {
    Ok(redis::from_redis_value(acknowledged.extract_error()?)?)
}

fn not_two() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "two answers were expected"))
}
