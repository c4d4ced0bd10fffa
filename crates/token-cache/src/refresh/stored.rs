//! What a store answered, and how old that is by now.

use std::ops::Deref;
use std::time::Duration;

use token_core::ClockReading;
use token_core::store::Entry;

/// An entry, with when the store was asked for it. The entry tells ages as they were when the store
/// read it, which may be long ago: a process can be frozen, and a machine suspended, before the
/// answer is used. What has passed since the question is added, so nothing is taken for younger
/// than it is, only for older by as long as the answer took.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    entry: Entry,
    asked_at: Duration,
}

impl Stored {
    /// Returns what the store answered to a question of this elapsed time.
    pub(crate) fn asked_at(asked_at: Duration, entry: Entry) -> Self {
        Self { entry, asked_at }
    }

    /// Returns how long ago the record was committed.
    pub(crate) fn record_age(&self, now: &ClockReading) -> Duration {
        self.entry.record_age.saturating_add(self.since_asked(now))
    }

    /// Returns how long ago the intent was written.
    pub(crate) fn intent_age(&self, now: &ClockReading) -> Duration {
        self.entry.intent_age.saturating_add(self.since_asked(now))
    }

    fn since_asked(&self, now: &ClockReading) -> Duration {
        now.elapsed.saturating_sub(self.asked_at)
    }
}

impl Deref for Stored {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}
