//! The messages between the orchestrator and its processes: one line of JSON each. A process ends
//! when its standard input does.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::chaos::StoreKind;

/// The assignment with which a process is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    /// Which start of which process it is: never used again.
    pub(super) incarnation: u32,
    pub(super) store: StoreKind,
    /// The folder or the URL of the store.
    pub(super) address: String,
    /// The vendor's addresses, which accounts share.
    pub(super) vendor: Vec<String>,
    pub(super) accounts: usize,
    pub(super) in_memory: usize,
    /// In a second.
    pub(super) calls: u64,
    pub(super) seed: u64,
    pub(super) fault: Option<Fault>,
}

/// A message from a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Message {
    Health(Report),
    Step(Step),
    /// A caller was told that somebody must log in again to this account.
    LoginNeeded(usize),
}

/// A step of an exchange. It is in the pipe before the next one is taken, so a killed process has
/// sent it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) account: usize,
    /// The generation of the token that the exchange brings.
    pub(super) generation: u64,
    pub(super) what: What,
}

/// What is done in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    /// The process has the lease, and finds that another may have sent the refresh token.
    Doubted,
    /// The store is about to be asked to note that the process will send the refresh token.
    Declaring,
    /// The refresh token of the generation before is about to be sent.
    Sending,
    /// The vendor's token has arrived.
    Issued,
    /// The vendor's refusal has arrived.
    Refused,
    /// No complete answer came.
    Unanswered,
    /// The store is about to be asked to keep the token.
    Committing,
    /// The store acknowledged it.
    Stored,
    /// The store did not acknowledge it.
    NotStored,
}

/// Where messages go: into the pipe, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reporter(pub(super) fn(&Message));

impl Reporter {
    pub(super) fn step(self, account: usize, generation: u64, what: What) {
        let step = Step {
            account,
            generation,
            what,
        };
        (self.0)(&Message::Step(step));
    }
}

/// How a process is, once a second and at its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) in_memory: usize,
    /// Those that may not leave memory: with work under way.
    pub(super) at_work: usize,
    pub(super) failing: usize,
    pub(super) logins_needed: usize,
    pub(super) evicted: u64,
    pub(super) calls: Calls,
    /// At the end: the store has acknowledged everything.
    pub(super) is_drained: bool,
}

impl Report {
    /// Returns it in a line, for people to read.
    pub(super) fn line(&self) -> String {
        format!(
            "{} in memory, {} at work, {} failing, {} calls, slowest {} ms",
            self.in_memory, self.at_work, self.failing, self.calls.answered, self.calls.slowest_ms
        )
    }
}

/// What callers got since the last report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Calls {
    pub(super) answered: u64,
    /// Tokens that had expired when they were handed out.
    pub(super) expired: u64,
    /// How long the slowest waited, in milliseconds.
    pub(super) slowest_ms: u64,
    /// How many got an error, by its kind.
    pub(super) refused: BTreeMap<String, u64>,
}

impl Calls {
    /// Notes how long a caller waited, or has waited so far.
    pub(super) fn waited(&mut self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.slowest_ms = self.slowest_ms.max(millis);
    }

    /// Adds what other callers got.
    pub(super) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.expired += other.expired;
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
        for (kind, count) in other.refused {
            *self.refused.entry(kind).or_default() += count;
        }
    }
}

/// Writes a message into the pipe at once.
pub(super) fn send(message: &Message) {
    let Ok(mut line) = serde_json::to_vec(message) else {
        return;
    };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    // If nobody reads the pipe, there is nobody to report to.
    _ = out.write_all(&line).and_then(|()| out.flush());
}
