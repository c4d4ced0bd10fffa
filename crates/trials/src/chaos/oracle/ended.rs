//! A grant that was logged out, and which of its tokens may be handed out.

use anyhow::{Result, ensure};

use crate::chaos::worker_state::HandedOut;

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
