//! The store and its calls to the server.

use std::fmt;
use std::sync::Arc;

use redis::Value;
use token_core::TokenKey;
use token_core::store::StoreError;
use token_sealing::Sealing;

use crate::check::{self, EvictionCheck, RedisNode};
use crate::connection::SharedConnection;
use crate::listeners::Listeners;
use crate::reply;
use crate::script::{self, Script};
use crate::script::{Answered, Call, Replicas, Requirement, Shortfall};

/// A store that keeps tokens in Redis, sealed, for any number of processes and hosts. Clones share
/// one connection.
///
/// ```no_run
/// use token_sealing::{Sealing, SealingKey};
/// use token_redis::RedisStore;
///
/// # async fn open(secret: token_core::Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let sealing = Sealing::with(SealingKey::from_base64("2026-03", &secret)?);
/// let store = RedisStore::connect("rediss://user:password@redis.example", sealing).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) connection: Arc<SharedConnection>,
    pub(crate) sealing: Sealing,
    pub(crate) listeners: Listeners,
    prefix: String,
    replicas: Option<Replicas>,
}

impl RedisStore {
    /// Queries every server that holds records, and checks that none may evict one and that all
    /// accept writes. Each new connection is checked anyway; use this to fail early at start-up, or
    /// to log what it returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a server does not answer, accepts no writes or may lose a record. With
    /// [`skip_server_check`](crate::RedisStoreBuilder::skip_server_check), a server that does not
    /// describe itself fails only here.
    pub async fn check(&self) -> Result<Vec<RedisNode>, StoreError> {
        let nodes = self.connection.nodes().await?;
        check::check_nodes(&nodes)?;
        Ok(nodes)
    }

    /// Connects, and fails for what stays as it is until a setting is changed.
    pub(crate) async fn connected(self, eviction: EvictionCheck) -> Result<Self, StoreError> {
        if eviction == EvictionCheck::AtEachConnection {
            check::check_settings(&self.connection.nodes().await?)?;
        } else {
            self.connection.ensure_connected().await?;
        }
        Ok(self)
    }

    pub(crate) fn new(
        connection: Arc<SharedConnection>,
        sealing: Sealing,
        prefix: String,
        replicas: Option<Replicas>,
        listeners: Listeners,
    ) -> Self {
        Self {
            connection,
            sealing,
            listeners,
            prefix,
            replicas,
        }
    }

    /// Everything of a grant is in one key, and so in one slot of a cluster.
    pub(crate) fn redis_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn channel(&self, key: &TokenKey) -> String {
        format!("{}:changed", self.redis_key(key.as_str()))
    }

    /// Runs a script that any server can run.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &TokenKey,
        arguments: &[&str],
    ) -> Result<Value, StoreError> {
        let asked = self.call(script, key, arguments, None, Requirement::Any);
        Ok(asked.await?.value)
    }

    /// Runs a script whose writes the replicas must acknowledge.
    pub(crate) async fn run_safely(
        &self,
        script: &Script,
        key: &TokenKey,
        arguments: &[&str],
        requires: Requirement,
    ) -> Result<Answered, StoreError> {
        self.call(script, key, arguments, self.replicas, requires)
            .await
    }

    pub(crate) async fn call(
        &self,
        script: &Script,
        key: &TokenKey,
        arguments: &[&str],
        replicas: Option<Replicas>,
        requires: Requirement,
    ) -> Result<Answered, StoreError> {
        let call = Call {
            script,
            redis_key: &self.redis_key(key.as_str()),
            arguments,
            replicas,
            requires,
        };
        self.connection.run(&call).await
    }

    /// Undoes a write that too few replicas have, if the entry has not been written since, and
    /// returns an error that says whether that succeeded. The field and value of `mark` identify
    /// the write.
    pub(crate) async fn undo(
        &self,
        key: &TokenKey,
        mark: (&str, &str),
        before: &[(&str, &str)],
        shortfall: &Shortfall,
    ) -> StoreError {
        let mut arguments = vec![mark.0, mark.1];
        arguments.extend(before.iter().flat_map(|(field, value)| [*field, *value]));
        let undone = self
            .run(&script::UNDO, key, &arguments)
            .await
            .and_then(reply::read);
        shortfall.store_error(match undone {
            Ok(true) => "; it was undone",
            Ok(false) => "; it was not undone, because the entry has been written since",
            Err(_) => "; it could not be undone and remains on the primary",
        })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("sealing", &self.sealing)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}
