//! What the orchestrator and its processes say to each other: one line of JSON a word.

use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::learned::Signed;
use super::options::{RuntimeMode, StoreKind};
use super::rotation::RotationMode;

/// Where codes are sent to; nobody is there.
pub(super) const REDIRECT_URI: &str = "https://app.example/callback";

/// What a process is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) process: usize,
    pub(super) store: StoreKind,
    pub(super) rotation: RotationMode,
    pub(super) runtime: RuntimeMode,
    /// The folder or the URL of the store.
    pub(super) address: String,
    pub(super) base_url: String,
    pub(super) token_url: String,
    pub(super) revoke_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) clock_file: PathBuf,
    /// Where a token is kept that the store did not take: one folder a process, which its successor
    /// finds.
    pub(super) spills: PathBuf,
    pub(super) lease_ms: u64,
    /// Whose certificates are trusted; `None`: there is no TLS.
    pub(super) authority: Option<String>,
}

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// Ask for a token at this instant of the machine's wall clock in microseconds, or at once
    /// where it is over.
    Ask {
        number: u64,
        at_us: i64,
        /// Drop the runtime of the call after so long.
        drop_after_us: Option<u64>,
    },
    /// Read the store, bare, at this instant.
    Read { at_us: i64 },
    /// End the grant.
    LogOut,
    /// Redeem a one-time code.
    Redeem { code: String },
    /// Die before this step of a file's write after the next answer, counted from one; zero calls
    /// it off.
    DieBefore { step: u32 },
}

/// What a process says. Each word is in the pipe before the next thing happens, so that a killed
/// process has said it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum FromWorker {
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
    /// The store did not acknowledge it, and will not where that is final: another child of its
    /// parent or a tombstone is there.
    Uncommitted {
        generation: u64,
        why: String,
        is_final: bool,
    },
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
    /// It ended the grant, or failed to.
    LoggedOut { error: Option<String> },
    /// It redeemed a code, which brought this generation, or failed to.
    Redeemed {
        generation: Option<u64>,
        error: Option<String>,
    },
    /// It kills itself before this step of a write; the generation of the token that lies whole in
    /// a temporary file.
    Dying { before: String, whole: Option<u64> },
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
    pub(super) fingerprint: u64,
    /// The true time at which it was judged, in Unix milliseconds.
    pub(super) judged_at_ms: i64,
    /// The machine's wall clock, in microseconds.
    pub(super) at_us: i64,
    /// The instant that an API request would have been signed with.
    pub(super) signed: Option<Signed>,
}

/// Where words go: into the pipe, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reporter(pub(super) fn(&FromWorker));

/// Writes a word into the pipe, at once.
pub(super) fn report(message: &FromWorker) {
    let Ok(mut line) = serde_json::to_vec(message) else {
        return;
    };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    // Without anybody to listen there is nothing to be said.
    _ = out.write_all(&line).and_then(|()| out.flush());
}
