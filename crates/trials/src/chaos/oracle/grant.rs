//! One grant: what was issued to it, and which of its tokens may be handed out after a logout.

use anyhow::{Result, ensure};

use crate::chaos::worker_state::HandedOut;

/// What the vendor did for one grant.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    /// The vendor's number of the grant.
    pub(super) grant: Option<usize>,
    /// The generation that the grant began with.
    pub(super) first: u64,
    /// The places in the journal of the tokens that the vendor issued.
    pub(super) issued: Vec<usize>,
    /// How many of these had been read at the end of the last round.
    pub(super) explained: usize,
    /// How many of these were never received.
    pub(super) unheard: u64,
    /// When the newest was issued.
    pub(super) newest_at_ms: i64,
    pub(super) refused: u64,
    /// How many tokens of an earlier grant were issued after this one was refused: a process had
    /// kept a refresh token of it, and tried that.
    pub(super) revived: u64,
}

impl Epoch {
    pub(super) fn new(grant: Option<usize>, first: u64) -> Self {
        Self {
            grant,
            first,
            ..Self::default()
        }
    }

    pub(super) fn issue(&mut self, place: usize, at_ms: i64) {
        self.issued.push(place);
        self.newest_at_ms = at_ms;
    }

    /// Returns the places of those issued since the last round.
    pub(super) fn since_last_round(&self) -> &[usize] {
        self.issued.get(self.explained..).unwrap_or_default()
    }
}

/// A grant that was logged out.
#[derive(Debug)]
pub(super) struct Ended {
    removed: u64,
    is_followed: bool,
}

impl Ended {
    /// Returns a grant of which a tombstone removed this generation.
    pub(super) fn at(removed: u64) -> Self {
        Self {
            removed,
            is_followed: false,
        }
    }

    /// Notes that another grant begins: newer generations belong to it.
    pub(super) fn follow(&mut self) {
        self.is_followed = true;
    }

    pub(super) fn judge(&self, out: &HandedOut) -> Result<()> {
        let HandedOut {
            process, handed, ..
        } = *out;
        let generation = handed.generation;
        let was_removed = generation <= self.removed;
        ensure!(
            !(out.knew_of_logout && was_removed),
            "process {process} handed out generation {generation} of a grant that it knew to be logged out"
        );
        // In such a round the store is available, so no process serves what it does not have.
        ensure!(
            was_removed || self.is_followed,
            "process {process} handed out generation {generation} after a logout that had removed generation {}",
            self.removed
        );
        Ok(())
    }
}
