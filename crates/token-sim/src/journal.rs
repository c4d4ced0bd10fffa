//! What a simulator has seen: every exchange, its outcome, and whether the answer reached the client.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use tokio::sync::watch;

use crate::clock::SimClock;
use crate::lock::Locked;

/// What a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A first token for long-lived credentials: access key, app secret, password, client credentials.
    Login,
    /// The next token for the current one.
    Refresh,
    /// A token for a one-time code.
    Redemption,
    /// A one-time code for the user's consent. Not an exchange.
    Authorization,
    /// RFC 7662. Not an exchange.
    Introspection,
    /// RFC 7009, or a vendor's logout. Not an exchange.
    Revocation,
    /// The protected resource. Not an exchange.
    Resource,
    /// A path that the vendor does not have. Not an exchange.
    Unknown,
    /// A request through a [`FaultProxy`](crate::FaultProxy) in front of somebody else's server; counted as an exchange.
    Foreign,
}

impl Kind {
    /// Whether a token was asked for, or may have been.
    pub fn is_exchange(self) -> bool {
        matches!(
            self,
            Self::Login | Self::Refresh | Self::Redemption | Self::Foreign
        )
    }
}

/// How a request ended at the vendor's side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Not yet known: under way, delayed or held.
    Pending,
    /// A fault came first; the vendor never saw the request.
    Unasked,
    /// A token was issued, this many exchanges into its lineage: the first of a lineage is generation 1.
    Issued {
        /// Counts from 1.
        generation: u64,
    },
    /// A token that lives already was given again.
    Repeated {
        /// The generation of the living token.
        generation: u64,
    },
    /// Refused with the vendor's own code, such as `1001`, `90047` or `invalid_grant`.
    Refused {
        /// The code as text, whatever its type in the vendor's JSON.
        code: String,
    },
    /// Answered, and no token was in question.
    Answered {
        /// The HTTP status.
        status: u16,
    },
}

impl Outcome {
    pub(crate) fn refused(code: impl fmt::Display) -> Self {
        Self::Refused {
            code: code.to_string(),
        }
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Counts from 1 in the order of arrival. Exchanges and other calls are counted apart.
    pub number: usize,
    /// What was asked for.
    pub kind: Kind,
    /// How it ended at the vendor's side.
    pub outcome: Outcome,
    /// Whether the whole answer was written to a socket whose other side was still open.
    pub delivered: bool,
    /// Whether a refresh token or code was presented that had been spent before.
    pub reuse: bool,
    /// The path, without its query.
    pub path: String,
    /// When the request had been read in full, in Unix milliseconds of the simulator's clock.
    pub at_ms: i64,
}

impl Exchange {
    /// Whether this exchange gave out a token that had not been given before.
    pub fn is_issued(&self) -> bool {
        matches!(self.outcome, Outcome::Issued { .. })
    }
}

/// The record of everything that a simulator or a proxy was asked. Clones share one record.
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
                entries: Mutex::new(Vec::new()),
                changed,
            }),
        }
    }

    /// All exchanges so far (logins, refreshes, redemptions), in the order of arrival.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.entries()
            .iter()
            .filter(|entry| entry.kind.is_exchange())
            .cloned()
            .collect()
    }

    /// All other requests so far: the resource, introspection, revocation, consent, unknown paths.
    pub fn other_calls(&self) -> Vec<Exchange> {
        self.entries()
            .iter()
            .filter(|entry| !entry.kind.is_exchange())
            .cloned()
            .collect()
    }

    /// How many exchanges arrived, whatever became of them.
    pub fn exchange_count(&self) -> usize {
        self.count(|_| true)
    }

    /// How many exchanges issued a token that had not been given before.
    pub fn issued_count(&self) -> usize {
        self.count(Exchange::is_issued)
    }

    /// How many issued tokens did not reach the client: cut, reset, or still held.
    pub fn undelivered_issued(&self) -> usize {
        self.count(|exchange| exchange.is_issued() && !exchange.delivered)
    }

    /// How many exchanges presented a refresh token or a code that had been spent before.
    pub fn reuse_count(&self) -> usize {
        self.count(|exchange| exchange.reuse)
    }

    /// Waits until the `n`-th exchange (from 1) has an outcome, and returns it.
    pub async fn exchange(&self, n: usize) -> Exchange {
        let settled = |exchange: &&Exchange| exchange.outcome != Outcome::Pending;
        self.wait_for(|all| all.get(n.saturating_sub(1)).filter(settled).cloned())
            .await
    }

    /// Waits until `enough` holds for the exchanges so far.
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
            // The sender lives in `self`.
            let _ = changed.changed().await;
        }
    }

    /// A request was read in full. Returns its ticket for the calls below.
    pub(crate) fn arrived(&self, kind: Kind, path: &str) -> usize {
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
            path,
            at_ms,
        });
        let ticket = entries.len() - 1;
        drop(entries);
        self.shared.changed.send_replace(());
        ticket
    }

    pub(crate) fn settle(&self, ticket: usize, outcome: Outcome, reuse: bool) {
        self.change(ticket, |entry| {
            entry.outcome = outcome;
            entry.reuse = reuse;
        });
    }

    /// Gives an outcome to a request that has none yet.
    pub(crate) fn settle_if_pending(&self, ticket: usize, outcome: Outcome) {
        self.change(ticket, |entry| {
            if entry.outcome == Outcome::Pending {
                entry.outcome = outcome;
            }
        });
    }

    /// Writes an answer's last byte under the journal's lock, so that nobody who has read the whole answer can find it
    /// marked as undelivered.
    pub(crate) fn poll_delivery(
        &self,
        ticket: usize,
        write: impl FnOnce() -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let mut entries = self.entries();
        let written = write();
        if !matches!(written, Poll::Ready(Ok(()))) {
            return written;
        }
        if let Some(entry) = entries.get_mut(ticket) {
            entry.delivered = true;
        }
        drop(entries);
        self.shared.changed.send_replace(());
        written
    }

    fn change(&self, ticket: usize, change: impl FnOnce(&mut Exchange)) {
        if let Some(entry) = self.entries().get_mut(ticket) {
            change(entry);
        }
        self.shared.changed.send_replace(());
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

struct Shared {
    clock: SimClock,
    entries: Mutex<Vec<Exchange>>,
    changed: watch::Sender<()>,
}
