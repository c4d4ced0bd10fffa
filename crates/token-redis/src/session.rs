//! One connection, the state of its server, and the channels that it is subscribed to.

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
    /// Whether the server keeps what is written to it, as of the connect.
    durability: Result<(), StoreError>,
    home: HomeRuntime,
    /// The channels that it is subscribed to. The lock is held during a change, so that two changes
    /// cannot undo each other.
    channels: Arc<Mutex<HashSet<String>>>,
}

impl Session {
    pub(crate) fn new(connection: Connection, durability: Result<(), StoreError>) -> Self {
        Self {
            connection,
            durability,
            home: HomeRuntime::here(),
            channels: Arc::default(),
        }
    }

    /// Returns whether the runtime of the connection runs while this one waits.
    pub(crate) fn is_driven(&self) -> bool {
        self.home.is_driven()
    }

    /// Returns an error if the server does not meet the requirement.
    pub(crate) fn serves(&self, requires: Requirement) -> Result<(), StoreError> {
        match requires {
            Requirement::Any => Ok(()),
            Requirement::Durable => self.durability.clone(),
        }
    }

    pub(crate) async fn run(mut self, call: &Call<'_>) -> Result<Answered, Failed> {
        match self.connection.send(&call.by_name(), call.replicas).await {
            Err(failed) if failed.error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.connection.send(&call.with_text(), call.replicas).await
            }
            answer => answer,
        }
    }

    pub(crate) async fn subscribe(mut self, channel: &str) -> RedisResult<()> {
        let mut channels = self.channels.lock().await;
        // Recorded first: if the wait is cancelled, the subscription is still known.
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

    /// Unsubscribes from channels without waiters.
    pub(crate) async fn unsubscribe_unused(mut self, listeners: &Listeners) -> RedisResult<()> {
        let mut channels = self.channels.lock().await;
        let unused: Vec<String> = channels
            .iter()
            .filter(|channel| !listeners.has_waiters(channel))
            .cloned()
            .collect();
        for channel in unused {
            channels.remove(&channel);
            match &mut self.connection {
                Connection::Node(connection) => connection.unsubscribe(channel).await?,
                Connection::Cluster(connection) => connection.unsubscribe(channel).await?,
            }
        }
        Ok(())
    }
}

/// The runtime that a connection was opened in, and that runs its I/O.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HomeRuntime {
    /// It has its own threads.
    MultiThread,
    /// It runs only while its owner waits for something.
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

/// An error of the driver, and what failed.
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

/// Sends a command, and in the same round trip asks how many replicas have what it wrote.
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
    RedisError::from((ErrorKind::UnexpectedReturnType, "expected two answers"))
}
