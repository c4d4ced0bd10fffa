//! What the store keeps for one key.

use token_core::store::{
    CommitCondition, Committed, Entry, Intent, Owner, Record, RefreshFingerprint, StoredState,
};
use token_core::{Generation, Timestamp};
use tokio::time::Instant;

/// It is small, because there may be a million.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) record: Option<(Record, Instant)>,
    pub(super) intent: Option<Box<(Intent, Instant)>>,
    pub(super) lease: Option<(Owner, Instant)>,
    tombstone: Option<Box<Tombstone>>,
}

/// What is known about the grant that a logout removed.
#[derive(Clone, Copy, Debug, Default)]
struct Tombstone {
    generation: Option<Generation>,
    initial: Option<RefreshFingerprint>,
}

impl Place {
    pub(super) fn entry(&self, now: Instant) -> Entry {
        let mut entry = Entry::default();
        if let Some((record, committed_at)) = &self.record {
            entry.record = Some(record.clone());
            entry.record_age = now.saturating_duration_since(*committed_at);
        }
        if let Some((intent, written_at)) = self.intent.as_deref() {
            entry.intent = Some(intent.clone());
            entry.intent_age = now.saturating_duration_since(*written_at);
        }
        if let Some(tombstone) = &self.tombstone {
            entry.tombstoned = true;
            entry.tombstoned_generation = tombstone.generation;
            entry.tombstoned_initial = tombstone.initial;
        }
        entry
    }

    pub(super) fn generation(&self) -> Option<Generation> {
        self.record.as_ref().map(|(record, _)| record.generation)
    }

    pub(super) fn due_at(&self) -> Option<Timestamp> {
        self.record.as_ref().and_then(|(record, _)| record.due_at)
    }

    pub(super) fn live_lease(&self, now: Instant) -> Option<&(Owner, Instant)> {
        self.lease.as_ref().filter(|(_, until)| *until > now)
    }

    pub(super) fn is_held_by(&self, owner: &Owner, now: Instant) -> bool {
        self.live_lease(now)
            .is_some_and(|(leased_to, _)| leased_to == owner)
    }

    pub(super) fn commit(&mut self, condition: &CommitCondition, record: &Record) -> Committed {
        let stored = self.record.as_ref().map(|(record, _)| record.id());
        let state = StoredState {
            record: stored,
            intent: self.intent.as_deref().map(|(intent, _)| intent),
            tombstoned: self.tombstone.is_some(),
        };
        let committed = condition.judge(&state, &record.id());
        if committed == Committed::Stored {
            self.put(record);
        }
        committed
    }

    fn put(&mut self, record: &Record) {
        let id = record.id();
        self.intent.take_if(|intent| id.supersedes(&intent.0));
        // Writing the same record again makes it no younger.
        let first = self
            .record
            .take_if(|(stored, _)| stored.id() == id)
            .map(|(_, committed_at)| committed_at);
        self.record = Some((record.clone(), first.unwrap_or_else(Instant::now)));
        self.tombstone = None;
    }

    pub(super) fn entomb(&mut self) -> Option<Record> {
        let removed = self.record.take().map(|(record, _)| record);
        self.intent = None;
        // A second logout keeps what the first one removed.
        let kept = self.tombstone.take().unwrap_or_default();
        self.tombstone = Some(match &removed {
            Some(record) => Box::new(Tombstone {
                generation: Some(record.generation),
                initial: record.initial,
            }),
            None => kept,
        });
        removed
    }
}
