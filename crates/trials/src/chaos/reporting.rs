//! A process's HTTP client and store, which report what happens before and after it does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use vendor_auth::ReqwestClient;
use vendor_auth::types::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use vendor_auth::types::{Clock as _, Generation, HttpClient, SendError, Timestamp, TokenKey};

use super::clock_jumps::machine_us;
use super::learned::Learned;
use super::protocol::{FromWorker, Reporter};
use super::shared_clock::{ClockFile, SharedClock};
use super::step_kill::StepKill;

/// Reports when a request is sent and when its answer has arrived.
#[derive(Debug)]
pub(super) struct ReportingClient {
    pub(super) client: ReqwestClient,
    pub(super) reporter: Reporter,
    pub(super) step_kill: Arc<StepKill>,
    pub(super) clock: SharedClock,
    pub(super) learned: Arc<Learned>,
}

#[async_trait]
impl HttpClient for ReportingClient {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        if !asks_for_a_token(request.uri()) {
            return self.client.send(request, within).await;
        }
        let report = self.reporter.0;
        report(&FromWorker::Sending);
        let is_tls = request.uri().scheme_str() == Some("https");
        let asked = self.clock.now().elapsed;
        let answer = self.client.send(request, within).await;
        report(
            &answer
                .as_ref()
                .map_or(FromWorker::Unanswered, |answer| FromWorker::Answered {
                    status: answer.status().as_u16(),
                }),
        );
        if is_tls && answer.is_ok() {
            let took = self.clock.now().elapsed.saturating_sub(asked);
            self.learned
                .answer(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
        }
        if answer
            .as_ref()
            .is_ok_and(|answer| answer.status().is_success())
        {
            self.step_kill.answered();
        }
        answer
    }
}

/// Returns whether a request asks for a token: a revocation brings nothing that could be lost.
fn asks_for_a_token(uri: &http::Uri) -> bool {
    uri.path().ends_with("/token")
}

/// Reports what was committed. Its entries age in virtual time, which follows the jumps; leases
/// stay in real time. It also wakes waiters when time is advanced: what waits for a day should not
/// take a real one.
#[derive(Debug)]
pub(super) struct ReportingStore {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) role: Role,
    pub(super) clock: SharedClock,
    pub(super) reporter: Reporter,
    pub(super) learned: Arc<Learned>,
}

/// The purpose of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// All processes share it.
    Shared,
    /// The same, but it gives the lease to everyone: the oracle must detect it, or it detects
    /// nothing.
    Broken,
    /// One process has it alone: a token in its fallback store is not lost with it.
    Fallback,
}

/// How often to ask again if an answer leaves it open on which side of a jump something happened: a
/// busy machine answers late, and a record that is taken for older than it is costs an exchange.
const MOST_READS: usize = 50;

impl ReportingStore {
    fn clock_file(&self) -> &ClockFile {
        self.clock.0.clock_file()
    }

    /// Returns the entry with its ages in virtual time. The store was asked for it at `asked_us`.
    async fn age(&self, key: &TokenKey, entry: Entry, asked_us: i64) -> Result<Entry, StoreError> {
        let jumps = self.clock_file().jumps();
        let mut message = jumps.translate(entry, asked_us);
        for _ in 1..MOST_READS {
            if !message.is_doubtful {
                break;
            }
            let asked_us = machine_us();
            message = jumps.translate(self.store.load(key).await?, asked_us);
        }
        Ok(message.entry)
    }

    async fn changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        let before = self.clock_file().advanced_ms();
        let entry = self.store.wait_for_change(key, seen, at_most).await?;
        if self.clock_file().advanced_ms() != before {
            // It is unknown on which side of the jump the store was read.
            return None;
        }
        self.age(key, entry, machine_us()).await.ok()
    }

    async fn advanced(&self) {
        let before = self.clock_file().advanced_ms();
        while self.clock_file().advanced_ms() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn report(&self, generation: u64, committed: &Result<Committed, StoreError>) {
        let why = match committed {
            Ok(Committed::Stored) => return self.report_stored(generation),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        if self.role != Role::Fallback {
            let is_final = matches!(committed, Ok(Committed::Lost | Committed::Tombstoned));
            (self.reporter.0)(&FromWorker::Uncommitted {
                generation,
                why,
                is_final,
            });
        }
    }

    fn report_stored(&self, generation: u64) {
        let at_us = machine_us();
        (self.reporter.0)(&match self.role {
            Role::Fallback => FromWorker::InFallback,
            Role::Shared | Role::Broken => FromWorker::Committed { generation, at_us },
        });
    }
}

#[async_trait]
impl TokenStore for ReportingStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        let asked_us = machine_us();
        let entry = self.store.load(key).await?;
        self.age(key, entry, asked_us).await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        if self.role == Role::Broken {
            return Ok(Acquired::Held(self.load(key).await?));
        }
        let asked_us = machine_us();
        Ok(match self.store.acquire(key, owner, life).await? {
            Acquired::Held(entry) => Acquired::Held(self.age(key, entry, asked_us).await?),
            Acquired::Busy { left, entry } => {
                let entry = self.age(key, entry, asked_us).await?;
                Acquired::Busy { left, entry }
            }
            other => other,
        })
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        match self.role {
            Role::Broken => Ok(Renewed::Held),
            _ => self.store.renew(key, owner, life).await,
        }
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.release(key, owner).await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        match self.role {
            Role::Broken => Ok(Intended::Written),
            _ => self.store.write_intent(key, intent).await,
        }
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        self.store.clear_intent(key, owner).await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        self.learned.commit();
        let committed = self.store.commit(key, condition, record).await;
        self.report(record.generation.number(), &committed);
        committed
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.store.tombstone(key).await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        self.store.due(before, limit, after).await
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        tokio::select! {
            entry = self.changed(key, seen, at_most) => entry,
            () = self.advanced() => None,
        }
    }
}
