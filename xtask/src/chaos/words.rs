//! What the orchestrator and its processes say to each other: one line of JSON a word.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::stores::StoreKind;

/// What a process is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) process: usize,
    pub(super) store: StoreKind,
    /// The folder or the URL of the store.
    pub(super) address: String,
    pub(super) base_url: String,
    pub(super) token_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) hands: PathBuf,
    /// Where a token is kept that the store did not take: one folder a process, which its successor finds.
    pub(super) spills: PathBuf,
    pub(super) lease_ms: u64,
}

/// What a process is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// Ask for a token at this instant of the machine's wall clock in microseconds, or at once where it is over.
    Ask { number: u64, at_us: i64 },
    /// Read the store, bare, at this instant.
    Read { at_us: i64 },
}

/// What a process says. Each word is in the pipe before the next thing happens, so that a killed process has said it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// It has opened its store and listens.
    Ready,
    /// A request to the vendor is about to leave.
    Sending,
    /// Its answer is here in full.
    Answered { status: u16 },
    /// No whole answer came.
    Unanswered,
    /// The store acknowledged a token.
    Committed { generation: u64, at_us: i64 },
    /// The store did not acknowledge it.
    Uncommitted { generation: u64, why: String },
    /// What the store did not acknowledge is durable in the spill.
    Spilled,
    /// It took a token over from the store.
    Adopted { generation: u64 },
    /// It holds the grant for dead.
    Rejected { why: String },
    /// What an exchange brought was over before it arrived.
    Overtaken,
    /// A token of its own lost a race, or the store had lost one, or an exchange failed.
    Noted { what: String },
    /// A caller got this token.
    Handed(Handed),
    /// A caller got none.
    Refused { number: u64, why: String },
    /// A bare read took so long.
    Read { took_us: i64 },
}

/// A token in a caller's hand.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Handed {
    /// Which question it answers.
    pub(super) number: u64,
    pub(super) generation: u64,
    /// Tells one token from another, and nothing else.
    pub(super) print: u64,
    /// The true time at which it was judged, in Unix milliseconds.
    pub(super) judged_at_ms: i64,
    /// The machine's wall clock, in microseconds.
    pub(super) at_us: i64,
}
