//! The store: each operation is one script, in one round trip.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Value;
use token_core::sealing::Sealing;
use token_core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed, StoreError,
    TokenStore,
};
use token_core::{Generation, Key};
use tokio::time::{sleep, timeout};

use crate::builder::RedisStoreBuilder;
use crate::call::{Call, Replicas};
use crate::check::{self, RedisNode};
use crate::hints::Hints;
use crate::link::Link;
use crate::reply;
use crate::script::{self, Script};
use crate::servers::Servers;

/// How often a waiting holder looks, beside being told and where nobody tells it.
const SELDOM: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(50);

/// Keeps tokens in Redis, sealed, for any number of processes and hosts. Clones share one connection.
///
/// ```no_run
/// use token_core::sealing::{Sealing, SealingKey};
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
    link: Arc<Link>,
    sealing: Sealing,
    prefix: String,
    replicas: Option<Replicas>,
    hints: Hints,
}

impl RedisStore {
    /// Connects to one server and checks that it keeps what it is given.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the URL cannot be read, the server does not answer, or it may evict a record.
    pub async fn connect(url: &str, sealing: Sealing) -> Result<Self, StoreError> {
        Self::builder(Servers::node(url), sealing).connect().await
    }

    /// Settings first, for other [`Servers`] than one, and for replicas, certificates and times.
    pub fn builder(servers: Servers, sealing: Sealing) -> RedisStoreBuilder {
        RedisStoreBuilder::new(servers, sealing)
    }

    /// Asks every server that holds records what it is, and makes sure that none may evict one. Each new connection is checked
    /// anyway; this is for a start-up that wants to fail early, or to log what it found.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where a server does not answer or may lose a record. Where
    /// [nothing is checked](RedisStoreBuilder::trusting_that_nothing_is_evicted), a server that does not describe itself fails here only.
    pub async fn check(&self) -> Result<Vec<RedisNode>, StoreError> {
        let nodes = self.link.nodes().await?;
        check::fitness(&nodes)?;
        Ok(nodes)
    }

    pub(crate) fn new(
        link: Arc<Link>,
        sealing: Sealing,
        prefix: String,
        replicas: Option<Replicas>,
        hints: Hints,
    ) -> Self {
        Self {
            link,
            sealing,
            prefix,
            replicas,
            hints,
        }
    }

    /// One key, and so one slot of a cluster, for all that belongs to a grant.
    fn place(&self, key: &Key) -> String {
        format!("{}{key}", self.prefix, key = key.as_str())
    }

    fn channel(&self, key: &Key) -> String {
        format!("{}:changed", self.place(key))
    }

    async fn run(&self, script: &Script, key: &Key, arguments: &[&str]) -> Result<Value, StoreError> {
        self.call(script, key, arguments, None).await
    }

    /// For what must outlive the server.
    async fn run_safely(&self, script: &Script, key: &Key, arguments: &[&str]) -> Result<Value, StoreError> {
        self.call(script, key, arguments, self.replicas).await
    }

    async fn call(
        &self,
        script: &Script,
        key: &Key,
        arguments: &[&str],
        replicas: Option<Replicas>,
    ) -> Result<Value, StoreError> {
        let call = Call {
            script,
            place: &self.place(key),
            arguments,
            replicas,
        };
        self.link.ask(&call).await
    }

    /// What is stored when it is of another generation, or when somebody gave a lease back.
    async fn until_changed(&self, key: &Key, seen: Option<Generation>) -> Option<Entry> {
        let channel = self.channel(key);
        let bell = self.hints.bell(&channel);
        loop {
            // It listens before it looks, so that no commit falls in between.
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();
            let pause = if self.link.listens(&channel).await {
                SELDOM
            } else {
                OFTEN
            };
            let looked = self.load(key).await.ok();
            if looked.as_ref().is_some_and(|entry| entry.generation() != seen) {
                return looked;
            }
            tokio::select! {
                () = rung => return self.load(key).await.ok(),
                () = sleep(pause) => {}
            }
        }
    }
}

#[async_trait]
impl TokenStore for RedisStore {
    async fn load(&self, key: &Key) -> Result<Entry, StoreError> {
        reply::entry(self.run(&script::LOAD, key, &[]).await?, key, &self.sealing)
    }

    async fn acquire(&self, key: &Key, owner: &Owner, life: Duration) -> Result<Acquired, StoreError> {
        let answer = self
            .run(&script::ACQUIRE, key, &[owner.as_str(), &millis(life)])
            .await?;
        let acquired = reply::acquired(answer, key, &self.sealing);
        if acquired.is_err() {
            // Who cannot read the record has no use for the lease. Where this fails too, it ends by itself.
            _ = self.release(key, owner).await;
        }
        acquired
    }

    async fn renew(&self, key: &Key, owner: &Owner, life: Duration) -> Result<Renewed, StoreError> {
        let renewed = self
            .run(&script::RENEW, key, &[owner.as_str(), &millis(life)])
            .await?;
        Ok(if reply::read(renewed)? {
            Renewed::Held
        } else {
            Renewed::Lost
        })
    }

    async fn release(&self, key: &Key, owner: &Owner) -> Result<(), StoreError> {
        self.run(&script::RELEASE, key, &[owner.as_str(), &self.channel(key)])
            .await
            .map(drop)
    }

    async fn intend(&self, key: &Key, intent: &Intent) -> Result<Intended, StoreError> {
        let spends = intent.lineage.map(reply::hex).unwrap_or_default();
        let written = self
            .run_safely(&script::INTEND, key, &[intent.owner.as_str(), &spends])
            .await?;
        Ok(if reply::read(written)? {
            Intended::Written
        } else {
            Intended::LeaseLost
        })
    }

    async fn withdraw(&self, key: &Key, owner: &Owner) -> Result<(), StoreError> {
        self.run(&script::WITHDRAW, key, &[owner.as_str()])
            .await
            .map(drop)
    }

    async fn commit(
        &self,
        key: &Key,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let (condition, parent) = named(condition)?;
        let (lineage, generation) = (reply::hex(record.lineage), record.generation.number().to_string());
        let sealed = self.sealing.seal(key, record)?;
        let channel = self.channel(key);
        let arguments = [condition, &parent, &lineage, &generation, &sealed, &channel];
        let outcome: String = reply::read(self.run_safely(&script::COMMIT, key, &arguments).await?)?;
        match outcome.as_str() {
            "stored" => Ok(Committed::Stored),
            "lost" => Ok(Committed::Lost),
            "tombstoned" => Ok(Committed::Tombstoned),
            "missing" => Ok(Committed::Missing),
            _ => Err(StoreError::new(
                "Redis answered something else than was asked for",
            )),
        }
    }

    async fn tombstone(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let removed = self.load(key).await.ok().and_then(|entry| entry.record);
        self.run_safely(&script::TOMBSTONE, key, &[&self.channel(key)])
            .await?;
        Ok(removed)
    }

    async fn changed(&self, key: &Key, seen: Option<Generation>, at_most: Duration) -> Option<Entry> {
        let changed = timeout(at_most, self.until_changed(key, seen)).await;
        changed.ok().flatten()
    }
}

fn named(condition: &CommitCondition) -> Result<(&'static str, String), StoreError> {
    match condition {
        CommitCondition::ParentIs(parent) => Ok(("child", reply::hex(*parent))),
        CommitCondition::Overwrite => Ok(("anew", String::new())),
        CommitCondition::UnlessTombstoned => Ok(("relogin", String::new())),
        _ => Err(StoreError::new(
            "this store is older than the engine: it does not know such a commit",
        )),
    }
}

/// At least one: a lease of nothing is none.
fn millis(life: Duration) -> String {
    life.as_millis().max(1).to_string()
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
