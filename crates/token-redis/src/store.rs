//! The store, and how it asks the server.

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

/// Keeps tokens in Redis, sealed, for any number of processes and hosts. Clones share one
/// connection.
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
    /// Asks every server that holds records what it is, and makes sure that none may evict one, and
    /// that all take writes. Each new connection is checked anyway; this is for a start-up that
    /// wants to fail early, or to log what it found.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where a server does not answer, takes no writes or may lose a record. Where
    /// [nothing is checked](crate::RedisStoreBuilder::trusting_that_nothing_is_evicted), a server that
    /// does not describe itself fails here only.
    pub async fn check(&self) -> Result<Vec<RedisNode>, StoreError> {
        let nodes = self.connection.nodes().await?;
        check::fitness(&nodes)?;
        Ok(nodes)
    }

    /// Connects, and fails for what stays as it is until somebody changes a setting.
    pub(crate) async fn connected(self, eviction: EvictionCheck) -> Result<Self, StoreError> {
        if eviction == EvictionCheck::AtEachConnection {
            check::is_set_up_right(&self.connection.nodes().await?)?;
        } else {
            self.connection.connects().await?;
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

    /// One key, and so one slot of a cluster, for all that belongs to a grant.
    fn redis_key(&self, key: &TokenKey) -> String {
        format!("{}{key}", self.prefix, key = key.as_str())
    }

    pub(crate) fn channel(&self, key: &TokenKey) -> String {
        format!("{}:changed", self.redis_key(key))
    }

    /// Asks for what any server can do.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &TokenKey,
        arguments: &[&str],
    ) -> Result<Value, StoreError> {
        let asked = self.call(script, key, arguments, None, Requirement::Any);
        Ok(asked.await?.value)
    }

    /// For what must outlive the server.
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
            redis_key: &self.redis_key(key),
            arguments,
            replicas,
            requires,
        };
        self.connection.ask(&call).await
    }

    /// Undoes a write that too few replicas have, if nobody has written since, and tells what came
    /// of it. `mark` is the field, and its value, that says so.
    pub(crate) async fn take_back(
        &self,
        key: &TokenKey,
        mark: (&str, &str),
        before: &[(&str, &str)],
        shortfall: &Shortfall,
    ) -> StoreError {
        let mut arguments = vec![mark.0, mark.1];
        arguments.extend(before.iter().flat_map(|(field, value)| [*field, *value]));
        let taken_back = self
            .run(&script::TAKE_BACK, key, &arguments)
            .await
            .and_then(reply::read);
        shortfall.store_error(match taken_back {
            Ok(true) => "; it was taken back",
            Ok(false) => "; it is not taken back, since somebody has written after it",
            Err(_) => "; it could not be taken back and stands on the primary",
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
