//! What a commit replaces, and what a logout removes.

use std::time::Duration;

use token_core::Generation;
use token_core::store::{CommitCondition, Committed, Record, RecordId, StoredState};

use super::{Flaw, Place, Slot};

impl Place {
    pub(super) fn verdict(
        &self,
        slot: &Slot,
        condition: &CommitCondition,
        record: &Record,
    ) -> Committed {
        let stored = slot.record.as_ref().map(Record::id);
        let state = StoredState {
            record: stored.map(|id| self.compared(id)),
            intent: slot.intent.as_ref().map(|(intent, _)| intent),
            tombstoned: slot.tombstoned,
        };
        let right = condition.judge(&state, &self.compared(record.id()));
        if slot.tombstoned && self.has(Flaw::KeepsTombstones) {
            return Committed::Tombstoned;
        }
        match condition {
            CommitCondition::ParentIs(parent) => {
                self.of_a_child(right, stored, *parent == record.fingerprint, record)
            }
            CommitCondition::Overwrite => self.of_an_overwrite(right, stored, record),
            CommitCondition::UnlessTombstoned => self.of_a_repair(right, stored),
            _ if self.has(Flaw::LoginsIgnoreTheirIntent) => {
                CommitCondition::UnlessTombstoned.judge(&state, &record.id())
            }
            _ if self.has(Flaw::LoginsNeedNoIntent) => Committed::Stored,
            _ => right,
        }
    }

    /// The generation as this store compares it.
    fn compared(&self, mut id: RecordId) -> RecordId {
        if self.has(Flaw::ComparesNumbersWithASign) {
            id.generation = Generation::new(id.generation.number() ^ (1 << 63));
        }
        id
    }

    fn of_a_child(
        &self,
        right: Committed,
        stored: Option<RecordId>,
        kept: bool,
        child: &Record,
    ) -> Committed {
        let Some(stored) = stored else {
            return match right {
                Committed::Missing if self.has(Flaw::MissingIsStored) => Committed::Stored,
                right => right,
            };
        };
        match self.flaw {
            Flaw::LastWriteWins if right == Committed::Lost => Committed::Stored,
            Flaw::WantsANewLineage if stored.fingerprint == child.fingerprint => Committed::Lost,
            Flaw::RepeatsAreLost if stored == child.id() => Committed::Lost,
            Flaw::RepeatsBringBack if stored.generation > child.generation => Committed::Stored,
            Flaw::ComparesFingerprintsAlone if stored.fingerprint == child.fingerprint && kept => {
                Committed::Stored
            }
            _ => right,
        }
    }

    fn of_an_overwrite(
        &self,
        right: Committed,
        stored: Option<RecordId>,
        record: &Record,
    ) -> Committed {
        let is_newer = stored.is_some_and(|stored| stored.generation > record.generation);
        match self.has(Flaw::OverwritesWhatIsOlder) && is_newer {
            true => Committed::Lost,
            false => right,
        }
    }

    fn of_a_repair(&self, right: Committed, stored: Option<RecordId>) -> Committed {
        match self.flaw {
            Flaw::RefusesAnotherGrant if stored.is_some() => Committed::Lost,
            Flaw::RepairsReplaceWhatIsNewer if right == Committed::Lost => Committed::Stored,
            _ => right,
        }
    }

    pub(super) fn write(&self, slot: &mut Slot, now: Duration, record: &Record) {
        let id = record.id();
        let repeated = slot.record.as_ref().is_some_and(|stored| stored.id() == id);
        if !repeated || self.has(Flaw::RepetitionsRejuvenate) {
            slot.committed_at = now;
        }
        slot.intent.take_if(|(intent, _)| match self.flaw {
            Flaw::ClearsEveryIntent => true,
            Flaw::KeepsIntents => false,
            Flaw::ClearsIntentsByFingerprint => intent.fingerprint != Some(id.fingerprint),
            _ => id.supersedes(intent),
        });
        slot.first_due_at = slot.first_due_at.or(record.due_at);
        slot.tombstoned = false;
        slot.removed
            .take_if(|_| !self.has(Flaw::KeepsWhatItRemoved));
        slot.record = Some(self.kept(record));
    }

    /// `seen` is the state of a moment ago.
    pub(super) fn entomb(&self, slot: &mut Slot, seen: Option<Record>) -> Option<Record> {
        let removed = slot.record.take();
        let before = slot.removed.clone();
        if removed.is_some() || self.has(Flaw::RemovesNothingTwice) {
            slot.removed.clone_from(&removed);
        }
        slot.intent
            .take_if(|_| !self.has(Flaw::TombstonesLeaveIntents));
        slot.tombstoned = !self.has(Flaw::ForgetsTombstones);
        match self.flaw {
            Flaw::RemovesWithoutTelling => None,
            Flaw::TellsWhatWasRemovedTwice => removed.or(before),
            Flaw::LogsOutInTwoSteps => seen,
            _ => removed,
        }
    }
}
