//! The commit rule as a table: what is stored, what is committed, and the result.

use std::time::Duration;

use super::{child_of, differs, fingerprint, owner, sure};
use token_core::store::{
    CommitCondition, Committed, Entry, Intent, Record, RecordId, StoredState, TokenStore,
};
use token_core::{Generation, Secret, Timestamp, TokenKey};

/// Three generations in ascending order. As floating point numbers, the first two are equal; as
/// signed numbers or as text, the last one comes first.
pub(super) const EARLY: u64 = 1 << 53;
pub(super) const SAME: u64 = EARLY + 1;
pub(super) const LATE: u64 = 10_000_000_000_000_000_000;

/// One row. Refresh tokens and owners are numbers; the stored record's refresh token is 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) stored: Stored,
    pub(super) intent: Option<Intended>,
    pub(super) condition: Condition,
    pub(super) new: New,
}

/// What is stored, with its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Nothing,
    Record(u64),
    Tombstone(u64),
}

/// The stored intent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intended {
    pub(super) by: u8,
    pub(super) generation: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    ParentIs(u8),
    Overwrite,
    UnlessTombstoned,
    LoginIntentOf(u8),
}

/// What is committed.
#[derive(Clone, Copy, Debug)]
pub(super) struct New {
    pub(super) token: u8,
    pub(super) generation: u64,
}

/// The expected result of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) answer: Committed,
    pub(super) intent_stands: bool,
}

/// Returns every row with this condition.
pub(super) fn all_with(condition: Condition) -> Vec<Row> {
    let mut rows = Vec::new();
    for stored in [
        Stored::Nothing,
        Stored::Record(SAME),
        Stored::Tombstone(SAME),
    ] {
        for intent in intents_of(condition) {
            rows.extend(all_new().map(|new| Row {
                stored,
                intent,
                condition,
                new,
            }));
        }
    }
    rows
}

fn all_new() -> impl Iterator<Item = New> {
    [1, 2]
        .into_iter()
        .flat_map(|token| [EARLY, SAME, LATE].map(|generation| New { token, generation }))
}

fn intents_of(condition: Condition) -> Vec<Option<Intended>> {
    let by = |by, generation| Some(Intended { by, generation });
    let mut intents = vec![None, by(1, EARLY), by(1, SAME), by(1, LATE)];
    if matches!(condition, Condition::LoginIntentOf(_)) {
        intents.push(by(2, EARLY));
    }
    intents
}

impl Row {
    /// Returns what the function decides.
    pub(super) fn judged(&self) -> Wanted {
        let (intent, new) = (self.intent(), self.new.record().id());
        let state = StoredState {
            record: self.stored.record().map(|record| record.id()),
            intent: intent.as_ref(),
            tombstoned: matches!(self.stored, Stored::Tombstone(_)),
        };
        let answer = self.condition().judge(&state, &new);
        let superseded = intent.is_some_and(|intent| new.supersedes(&intent));
        Wanted {
            answer,
            intent_stands: !(answer == Committed::Stored && superseded),
        }
    }

    /// Prepares the store as the row says.
    pub(super) async fn prepare(&self, store: &dyn TokenStore, key: &TokenKey, life: Duration) {
        if let Some(record) = self.stored.removed().or(self.stored.record()) {
            sure(
                store
                    .commit(key, &CommitCondition::Overwrite, &record)
                    .await,
            );
        }
        if let Stored::Tombstone(_) = self.stored {
            sure(store.tombstone(key).await);
        }
        if let Some(intent) = self.intent() {
            sure(store.acquire(key, &intent.owner, life).await);
            sure(store.write_intent(key, &intent).await);
        }
    }

    /// Commits, and checks the result. What was prepared has at least the age `old`; what is new is
    /// younger than twice that.
    pub(super) async fn try_on(
        &self,
        store: &dyn TokenStore,
        key: &TokenKey,
        wanted: Wanted,
        old: Duration,
    ) {
        let new = self.new.record();
        let answer = sure(store.commit(key, &self.condition(), &new).await);
        assert_eq!(answer, wanted.answer, "the answer to {self:?}");
        let entry = sure(store.load(key).await);
        match answer {
            Committed::Stored => self.expect_replaced(&entry, &new, old),
            _ => self.expect_unchanged(&entry, old),
        }
        let intent = self.intent().filter(|_| wanted.intent_stands);
        assert_eq!(entry.intent, intent, "the intent after {self:?}");
        assert!(
            entry.intent.is_none() || entry.intent_age >= old,
            "an intent became younger by {self:?}"
        );
    }

    fn expect_replaced(&self, entry: &Entry, new: &Record, old: Duration) {
        let difference = differs(entry.record.as_ref(), Some(new));
        assert!(difference.is_none(), "{difference:?} after {self:?}");
        assert!(!entry.tombstoned, "the tombstone is left by {self:?}");
        assert_eq!(
            (entry.tombstoned_generation, entry.tombstoned_initial),
            (None, None),
            "what a logout removed is still returned after {self:?}"
        );
        match self.stored.record().map(|record| record.id()) == Some(new.id()) {
            true => assert!(
                entry.record_age >= old,
                "a repetition made the record younger: {self:?}"
            ),
            false => assert!(
                entry.record_age < old * 2,
                "a new record is as old as the one before: {self:?}"
            ),
        }
    }

    fn expect_unchanged(&self, entry: &Entry, old: Duration) {
        let difference = differs(entry.record.as_ref(), self.stored.record().as_ref());
        assert!(difference.is_none(), "{difference:?} after {self:?}");
        assert!(
            entry.record.is_none() || entry.record_age >= old,
            "a commit that was not stored made the record younger: {self:?}"
        );
        let removed = self.stored.removed();
        assert_eq!(
            (
                entry.tombstoned,
                entry.tombstoned_generation,
                entry.tombstoned_initial
            ),
            (
                removed.is_some(),
                removed.as_ref().map(|record| record.generation),
                removed.as_ref().and_then(|record| record.initial)
            ),
            "the tombstone after {self:?}"
        );
    }

    fn intent(&self) -> Option<Intent> {
        let fingerprint = match self.condition {
            Condition::LoginIntentOf(_) => None,
            _ => Some(fingerprint(1)),
        };
        self.intent.map(|intent| Intent {
            owner: owner(intent.by),
            fingerprint,
            generation: Generation::new(intent.generation),
        })
    }

    fn condition(&self) -> CommitCondition {
        match self.condition {
            Condition::ParentIs(token) => child_of(token),
            Condition::Overwrite => CommitCondition::Overwrite,
            Condition::UnlessTombstoned => CommitCondition::UnlessTombstoned,
            Condition::LoginIntentOf(by) => CommitCondition::LoginIntentOf(owner(by)),
        }
    }
}

impl Stored {
    fn record(self) -> Option<Record> {
        match self {
            Self::Record(generation) => Some(
                New {
                    token: 1,
                    generation,
                }
                .record(),
            ),
            Self::Nothing | Self::Tombstone(_) => None,
        }
    }

    fn removed(self) -> Option<Record> {
        match self {
            Self::Tombstone(generation) => Some(
                New {
                    token: 1,
                    generation,
                }
                .record(),
            ),
            Self::Nothing | Self::Record(_) => None,
        }
    }
}

impl New {
    /// Records with the same token and generation are equal in every field.
    fn record(self) -> Record {
        let id = RecordId {
            fingerprint: fingerprint(self.token),
            generation: Generation::new(self.generation),
        };
        let body = format!("sealed body {} {}", self.token, self.generation);
        let mut record = Record::new(id.fingerprint, id.generation, Secret::from(body));
        record.due_at = Some(Timestamp::from_unix_seconds(
            1_700_000_000 + i64::from(self.token),
        ));
        record.initial = Some(fingerprint(self.token + 100));
        record
    }
}
