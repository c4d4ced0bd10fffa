//! A test store whose operations fail on command, around a memory store that several processes
//! share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use token_cache::MemoryStore;
use token_core::reexports::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError,
};
use token_core::{Clock, Generation, Timestamp, TokenKey, TokenStore};
use token_testkit::ManualClock;

use super::gate::Gate;
use super::store_fault::{Op, StoreFault};

/// One process's connection to the store. Each fails on its own.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    memory: Arc<Mutex<MemoryStore>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    faults: HashMap<Op, StoreFault>,
    log: Vec<Op>,
    warnings: Vec<String>,
    clock: Option<ManualClock>,
    committed_at: Duration,
}

impl FaultyStore {
    pub(crate) fn new() -> Self {
        Self {
            memory: Arc::default(),
            state: Arc::default(),
        }
    }

    /// Returns a store that tells the age of records by this clock.
    pub(crate) fn on_clock(clock: ManualClock) -> Self {
        let store = Self::new();
        store.state.lock().unwrap().clock = Some(clock);
        store
    }

    /// Returns another process's connection to the same store.
    pub(crate) fn for_other_process(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            ..Self::new()
        }
    }

    /// Returns the memory store behind it.
    pub(crate) fn memory(&self) -> MemoryStore {
        self.memory.lock().unwrap().clone()
    }

    /// Empties it, as a restart without persistence does.
    pub(crate) fn clear(&self) {
        *self.memory.lock().unwrap() = MemoryStore::new();
    }

    pub(crate) fn fail_with(&self, ops: impl IntoIterator<Item = Op>, fault: &StoreFault) {
        let failing = ops.into_iter().map(|op| (op, fault.clone()));
        self.state.lock().unwrap().faults.extend(failing);
    }

    /// These operations cannot reach the store.
    pub(crate) fn fail(&self, ops: impl IntoIterator<Item = Op>) {
        self.fail_with(ops, &StoreFault::Unreachable);
    }

    /// The operation is done; its answer waits at the gate.
    pub(crate) fn hold_answer(&self, op: Op) -> Gate {
        let gate = Gate::closed();
        self.fail_with([op], &StoreFault::AnswerDelayed(gate.clone()));
        gate
    }

    /// The process is frozen for this long after an operation of this kind, before it reads the
    /// answer.
    pub(crate) fn freeze_after(&self, op: Op, span: Duration) {
        self.fail_with([op], &StoreFault::Frozen(span));
    }

    /// Another owner has the lease.
    pub(crate) fn keep_lease_taken(&self) {
        self.fail_with([Op::Acquire], &StoreFault::LeaseTaken);
    }

    pub(crate) fn recover(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Adds something that is wrong with the place where it keeps tokens.
    pub(crate) fn add_warning(&self, what: &str) {
        self.state.lock().unwrap().warnings.push(what.to_owned());
    }

    /// Returns the operations since the last call.
    pub(crate) fn log(&self) -> Vec<Op> {
        std::mem::take(&mut self.state.lock().unwrap().log)
    }

    async fn run<T>(
        &self,
        op: Op,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.state.lock().unwrap().log.push(op);
        match self.fault(op) {
            None | Some(StoreFault::LeaseTaken) => work.await,
            Some(StoreFault::Unreachable) => Err(StoreError::new("the store is down")),
            Some(StoreFault::Hangs) => std::future::pending().await,
            Some(StoreFault::AnswerLost) => work
                .await
                .and(Err(StoreError::new("the store's answer was lost"))),
            Some(StoreFault::Delayed(gate)) => {
                gate.wait().await;
                work.await
            }
            Some(StoreFault::AnswerDelayed(gate)) => {
                let done = work.await;
                gate.wait().await;
                done
            }
            Some(StoreFault::Frozen(span)) => {
                let done = work.await;
                tokio::time::advance(span).await;
                done
            }
        }
    }

    fn fault(&self, op: Op) -> Option<StoreFault> {
        self.state.lock().unwrap().faults.get(&op).cloned()
    }

    fn aged(&self, mut entry: Entry) -> Entry {
        let state = self.state.lock().unwrap();
        if let Some(clock) = &state.clock {
            entry.record_age = clock.now().elapsed.saturating_sub(state.committed_at);
        }
        entry
    }

    fn note_commit(&self) {
        let mut state = self.state.lock().unwrap();
        if let Some(clock) = &state.clock {
            state.committed_at = clock.now().elapsed;
        }
    }

    fn is_busy(&self) -> bool {
        matches!(
            self.state.lock().unwrap().faults.get(&Op::Acquire),
            Some(StoreFault::LeaseTaken)
        )
    }
}

#[async_trait]
impl TokenStore for FaultyStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        let entry = self.run(Op::Load, self.memory().load(key)).await?;
        Ok(self.aged(entry))
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
        let acquiring = self.memory();
        let acquired = self.run(Op::Acquire, acquiring.acquire(key, owner, life));
        Ok(match acquired.await? {
            Acquired::Held(entry) => Acquired::Held(self.aged(entry)),
            busy => busy,
        })
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
        self.run(Op::WriteIntent, self.memory().write_intent(key, intent))
            .await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.run(Op::ClearIntent, self.memory().clear_intent(key, owner))
            .await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.note_commit();
        self.run(Op::Commit, self.memory().commit(key, condition, record))
            .await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.run(Op::Tombstone, self.memory().tombstone(key)).await
    }

    async fn warnings(&self) -> Vec<String> {
        self.state.lock().unwrap().warnings.clone()
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        self.memory().due(before, limit, after).await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let changed = self.memory().wait_for_change(key, seen, at_most).await;
        match self.fault(Op::WaitForChange) {
            Some(StoreFault::AnswerDelayed(gate)) => gate.wait().await,
            Some(StoreFault::Frozen(span)) => {
                let read = self.memory().load(key).await.ok()?;
                if read.generation() != seen {
                    tokio::time::advance(span).await;
                    return Some(read);
                }
            }
            _ => {}
        }
        changed.map(|entry| self.aged(entry))
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStore")
    }
}
