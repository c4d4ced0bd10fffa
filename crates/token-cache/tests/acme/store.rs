//! A store whose operations fail on command, around one in memory that several processes share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::reexports::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed,
    StoreError,
};
use token_core::{Generation, TokenKey, TokenStore};

use super::gate::Gate;

/// An operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Load,
    Acquire,
    Renew,
    Release,
    Intend,
    Withdraw,
    Commit,
    Bury,
}

impl Op {
    pub(crate) const ALL: [Self; 8] = [
        Self::Load,
        Self::Acquire,
        Self::Renew,
        Self::Release,
        Self::Intend,
        Self::Withdraw,
        Self::Commit,
        Self::Bury,
    ];
    /// Those that change what is kept.
    pub(crate) const WRITES: [Self; 4] = [Self::Intend, Self::Withdraw, Self::Commit, Self::Bury];
}

/// What is wrong with an operation.
#[derive(Clone, Debug)]
pub(crate) enum Ailment {
    /// The store cannot be reached.
    Dead,
    /// The lease is another's.
    Busy,
    /// No answer ever comes.
    Hangs,
    /// It is done, but the answer is lost.
    Deaf,
    /// It is done, and its answer waits.
    Late(Gate),
    /// It waits, and is done then.
    Delayed(Gate),
}

/// One process's way to a store. Siblings share what is kept, and fail apart.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    memory: Arc<Mutex<MemoryStore>>,
    ways: Arc<Mutex<Ways>>,
}

#[derive(Default)]
struct Ways {
    ailments: HashMap<Op, Ailment>,
    log: Vec<Op>,
    warnings: Vec<String>,
}

impl FaultyStore {
    pub(crate) fn new() -> Self {
        Self {
            memory: Arc::default(),
            ways: Arc::default(),
        }
    }

    /// The same store as another process reaches it.
    pub(crate) fn sibling(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            ..Self::new()
        }
    }

    /// What is behind it.
    pub(crate) fn memory(&self) -> MemoryStore {
        self.memory.lock().unwrap().clone()
    }

    /// It restarts empty.
    pub(crate) fn loses_everything(&self) {
        *self.memory.lock().unwrap() = MemoryStore::new();
    }

    pub(crate) fn ails(&self, ops: impl IntoIterator<Item = Op>, ailment: &Ailment) {
        let ailing = ops.into_iter().map(|op| (op, ailment.clone()));
        self.ways.lock().unwrap().ailments.extend(ailing);
    }

    pub(crate) fn heals(&self) {
        self.ways.lock().unwrap().ailments.clear();
    }

    /// Something is wrong with its place.
    pub(crate) fn warns(&self, what: &str) {
        self.ways.lock().unwrap().warnings.push(what.to_owned());
    }

    /// What was asked of it since the last look.
    pub(crate) fn log(&self) -> Vec<Op> {
        std::mem::take(&mut self.ways.lock().unwrap().log)
    }

    async fn run<T>(
        &self,
        op: Op,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let ailment = {
            let mut ways = self.ways.lock().unwrap();
            ways.log.push(op);
            ways.ailments.get(&op).cloned()
        };
        match ailment {
            None | Some(Ailment::Busy) => work.await,
            Some(Ailment::Dead) => Err(StoreError::new("the store is down")),
            Some(Ailment::Hangs) => std::future::pending().await,
            Some(Ailment::Deaf) => work
                .await
                .and(Err(StoreError::new("the store's answer was lost"))),
            Some(Ailment::Delayed(gate)) => {
                gate.pass().await;
                work.await
            }
            Some(Ailment::Late(gate)) => {
                let done = work.await;
                gate.pass().await;
                done
            }
        }
    }

    fn is_busy(&self) -> bool {
        matches!(
            self.ways.lock().unwrap().ailments.get(&Op::Acquire),
            Some(Ailment::Busy)
        )
    }
}

#[async_trait]
impl TokenStore for FaultyStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.run(Op::Load, self.memory().load(key)).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        if self.is_busy() {
            let left = Duration::from_secs(1);
            let entry = self.memory().load(key).await?;
            return self
                .run(Op::Acquire, async { Ok(Acquired::Busy { left, entry }) })
                .await;
        }
        self.run(Op::Acquire, self.memory().acquire(key, owner, life))
            .await
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        self.run(Op::Renew, self.memory().renew(key, owner, life))
            .await
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.run(Op::Release, self.memory().release(key, owner))
            .await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        self.run(Op::Intend, self.memory().write_intent(key, intent))
            .await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.run(Op::Withdraw, self.memory().clear_intent(key, owner))
            .await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.run(Op::Commit, self.memory().commit(key, condition, record))
            .await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.run(Op::Bury, self.memory().tombstone(key)).await
    }

    async fn warnings(&self) -> Vec<String> {
        self.ways.lock().unwrap().warnings.clone()
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        self.memory().wait_for_change(key, seen, at_most).await
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStore")
    }
}
