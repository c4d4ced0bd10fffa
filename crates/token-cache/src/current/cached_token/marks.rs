//! What speaks against a token, in one byte, of which a fresh token's caller needs one read.

use std::sync::atomic::{AtomicU8, Ordering};

/// Marks that are set, each once and for all, or cleared.
#[derive(Debug, Default)]
pub(super) struct Marks(AtomicU8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mark {
    /// An API rejected it.
    Rejected = 1,
    /// The vendor revoked it.
    Revoked = 1 << 1,
    /// A caller asked for a token newer than this one.
    Superseded = 1 << 2,
    /// The vendor refused its refresh token, which is not sent again while there is another way.
    RefreshRefused = 1 << 3,
    /// An exchange brought it; one from the store may be as old as the rejected one.
    Exchanged = 1 << 4,
    /// It was told that its grant ends.
    GrantEndTold = 1 << 5,
}

/// What keeps a fresh token from its callers.
const AGAINST_IT: u8 = Mark::Rejected as u8 | Mark::Revoked as u8 | Mark::Superseded as u8;

impl Marks {
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.0.load(Ordering::Acquire) & mark as u8 != 0
    }

    pub(super) fn set(&self, mark: Mark) {
        self.0.fetch_or(mark as u8, Ordering::AcqRel);
    }

    pub(super) fn clear(&self, mark: Mark) {
        self.0.fetch_and(!(mark as u8), Ordering::AcqRel);
    }

    /// Whether none is set that keeps a fresh token from its callers.
    pub(super) fn are_good(&self) -> bool {
        self.0.load(Ordering::Relaxed) & AGAINST_IT == 0
    }
}
