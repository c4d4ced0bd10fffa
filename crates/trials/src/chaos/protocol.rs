//! The messages between the orchestrator and its processes: one line of JSON each.

use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::learned::Signed;
use super::options::{RuntimeMode, StoreKind};
use super::rotation::RotationMode;

/// The redirect URI of codes; nothing listens there.
pub(super) const REDIRECT_URI: &str = "https://app.example/callback";

/// The assignment with which a process is started.
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
    /// The fallback store: one folder per process, which its successor finds.
    pub(super) fallbacks: PathBuf,
    pub(super) lease_ms: u64,
    /// The trusted certificates; `None`: there is no TLS.
    pub(super) authority: Option<String>,
}

/// An instruction to a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// Ask for a token at this instant of the machine's wall clock in microseconds, or at once if
    /// it is past.
    Ask {
        number: u64,
        at_us: i64,
        /// Drop the runtime of the call after this long.
        drop_after_us: Option<u64>,
    },
    /// Read the store, without a cache, at this instant.
    Read { at_us: i64 },
    /// Report the state of the cache.
    Describe,
    /// Log out.
    LogOut,
    /// Redeem a one-time code.
    Redeem { code: String },
    /// Die before this step of a file's write after the next answer, counted from one; zero
    /// cancels.
    DieBefore { step: u32 },
}

/// A message from a process. Each is in the pipe before the next thing happens, so a killed process
/// has sent it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum FromWorker {
    /// It has opened its store and is listening.
    Ready,
    /// A request to the vendor is about to be sent.
    Sending,
    /// Its answer has arrived in full.
    Answered { status: u16 },
    /// No complete answer came.
    Unanswered,
    /// The store acknowledged a token.
    Committed { generation: u64, at_us: i64 },
    /// The store did not acknowledge it, and never will if that is final: another child of its
    /// parent or a tombstone is there.
    Uncommitted {
        generation: u64,
        why: String,
        is_final: bool,
    },
    /// The fallback store has a token that the store did not acknowledge.
    InFallback,
    /// It adopted a token from the store.
    Adopted { generation: u64 },
    /// It considers the grant rejected.
    Rejected { why: String },
    /// The token of an exchange had expired before it arrived.
    Overtaken,
    /// Its own token lost a race, the store had lost one, or an exchange failed; or the state of its
    /// cache.
    Noted { what: String },
    /// It logged out, or failed to.
    LoggedOut { error: Option<String> },
    /// It redeemed a code, with this generation as the result, or failed to.
    Redeemed {
        generation: Option<u64>,
        error: Option<String>,
    },
    /// It kills itself before this step of a write; the generation of the token that is complete in
    /// a temporary file.
    Dying { before: String, whole: Option<u64> },
    /// A caller got this token.
    Handed(Handed),
    /// A caller got no token.
    Refused { number: u64, why: String },
    /// How long a read without a cache took.
    Read { took_us: i64 },
}

/// A token that a caller got.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Handed {
    /// The question that it answers.
    pub(super) number: u64,
    pub(super) generation: u64,
    /// Distinguishes tokens, and reveals nothing else.
    pub(super) fingerprint: u64,
    /// The true time at which it was judged, in Unix milliseconds.
    pub(super) judged_at_ms: i64,
    /// The machine's wall clock, in microseconds.
    pub(super) at_us: i64,
    /// The instant with which an API request would have been signed.
    pub(super) signed: Option<Signed>,
}

/// Where messages go: into the pipe, or nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reporter(pub(super) fn(&FromWorker));

/// Writes a message into the pipe at once.
pub(super) fn report(message: &FromWorker) {
    let Ok(mut line) = serde_json::to_vec(message) else {
        return;
    };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    // If nobody reads the pipe, there is nobody to report to.
    _ = out.write_all(&line).and_then(|()| out.flush());
}
