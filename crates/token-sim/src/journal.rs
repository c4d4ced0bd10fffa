//! The journal: every exchange, its outcome, and whether the answer reached the client.

mod exchange;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use tokio::sync::watch;

pub use self::exchange::{Exchange, Kind, Outcome};

use crate::clock::{Locked as _, SimClock};

/// The record of all requests to a simulator or proxy. Clones share one record.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

impl Journal {
    pub(crate) fn new(clock: SimClock) -> Self {
        let (changed, _) = watch::channel(());
        Self {
            shared: Arc::new(Shared {
                clock,
                credentials: RandomState::new(),
                entries: Mutex::new(Vec::new()),
                changed,
            }),
        }
    }

    /// Returns all exchanges so far (logins, refreshes, redemptions), in the order of arrival.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.entries()
            .iter()
            .filter(|entry| entry.kind.is_exchange())
            .cloned()
            .collect()
    }

    /// Returns all other requests so far: the resource, introspection, revocation, consent, unknown
    /// paths.
    pub fn other_calls(&self) -> Vec<Exchange> {
        self.entries()
            .iter()
            .filter(|entry| !entry.kind.is_exchange())
            .cloned()
            .collect()
    }

    /// Returns how many exchanges arrived, whatever their outcome.
    pub fn exchange_count(&self) -> usize {
        self.count(|_| true)
    }

    /// Returns how many exchanges issued a new token.
    pub fn issued_count(&self) -> usize {
        self.count(Exchange::is_issued)
    }

    /// Returns how many issued tokens did not reach the client: cut, reset, or still held.
    pub fn undelivered_issued(&self) -> usize {
        self.count(|exchange| exchange.is_issued() && !exchange.delivered)
    }

    /// Returns how many exchanges presented a refresh token or a code that had been used before.
    pub fn reuse_count(&self) -> usize {
        self.count(|exchange| exchange.reuse)
    }

    /// Waits until the `n`-th exchange (from 1) has an outcome, and returns it.
    pub async fn exchange(&self, n: usize) -> Exchange {
        let settled = |exchange: &&Exchange| exchange.outcome != Outcome::Pending;
        self.wait_for(|all| all.get(n.saturating_sub(1)).filter(settled).cloned())
            .await
    }

    /// Waits until `enough` returns true for the exchanges so far.
    ///
    /// ```no_run
    /// # async fn example(journal: token_sim::Journal) {
    /// journal.wait_until(|all| all.iter().filter(|one| one.delivered).count() == 3).await;
    /// # }
    /// ```
    pub async fn wait_until(&self, enough: impl Fn(&[Exchange]) -> bool) {
        self.wait_for(|all| enough(all).then_some(())).await;
    }

    async fn wait_for<T>(&self, find: impl Fn(&[Exchange]) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        loop {
            if let Some(found) = find(&self.exchanges()) {
                return found;
            }
            // `self` owns the sender.
            let _ = changed.changed().await;
        }
    }

    /// Adds a request that was read in full, and returns its entry for the methods below.
    pub(crate) fn arrived(&self, kind: Kind, path: &str, presented: &str) -> usize {
        let at_ms = self.shared.clock.now_ms();
        let mut entries = self.entries();
        let before = entries
            .iter()
            .filter(|entry| entry.kind.is_exchange() == kind.is_exchange())
            .count();
        let path = path.to_owned();
        let outcome = Outcome::Pending;
        entries.push(Exchange {
            number: before + 1,
            kind,
            outcome,
            delivered: false,
            reuse: false,
            grant: None,
            credential: self.shared.credentials.hash_one(presented),
            path,
            at_ms,
        });
        let entry = entries.len() - 1;
        drop(entries);
        self.shared.changed.send_replace(());
        entry
    }

    pub(crate) fn settle(&self, entry: usize, settled: Settled) {
        if let Some(entry) = self.entries().get_mut(entry) {
            entry.outcome = settled.outcome;
            entry.reuse = settled.reuse;
            entry.grant = settled.grant;
        }
        self.shared.changed.send_replace(());
    }

    /// Writes an answer's last byte under the journal's lock, so that a client that has read the
    /// whole answer finds it marked as delivered.
    pub(crate) fn poll_delivery(
        &self,
        entry: usize,
        write: impl FnOnce() -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let mut entries = self.entries();
        let written = write();
        if !matches!(written, Poll::Ready(Ok(()))) {
            return written;
        }
        if let Some(entry) = entries.get_mut(entry) {
            entry.delivered = true;
        }
        drop(entries);
        self.shared.changed.send_replace(());
        written
    }

    fn count(&self, counts: impl Fn(&Exchange) -> bool) -> usize {
        self.entries()
            .iter()
            .filter(|entry| entry.kind.is_exchange() && counts(entry))
            .count()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.shared.entries.locked()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("exchanges", &self.exchange_count())
            .finish_non_exhaustive()
    }
}

/// What a vendor did with a request.
pub(crate) struct Settled {
    pub(crate) outcome: Outcome,
    pub(crate) reuse: bool,
    pub(crate) grant: Option<usize>,
}

impl From<Outcome> for Settled {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            reuse: false,
            grant: None,
        }
    }
}

struct Shared {
    clock: SimClock,
    credentials: RandomState,
    entries: Mutex<Vec<Exchange>>,
    changed: watch::Sender<()>,
}
