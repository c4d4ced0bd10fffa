//! The rule for what a commit may replace, as hand-written tables.

use token_core::Generation;
use token_core::store::{
    CommitCondition, Committed, Intent, Owner, RecordId, RefreshFingerprint, StoredState,
};

use CommitCondition::{Overwrite, UnlessTombstoned};
use Committed::{Lost, Missing, Stored, Tombstoned};

fn id(refresh_token: u8, generation: u64) -> RecordId {
    RecordId {
        fingerprint: RefreshFingerprint([refresh_token; 32]),
        generation: Generation::new(generation),
    }
}

fn parent(refresh_token: u8) -> CommitCondition {
    CommitCondition::ParentIs(RefreshFingerprint([refresh_token; 32]))
}

fn owner(number: u8) -> Owner {
    Owner::new([number; 16])
}

fn login_of(number: u8) -> CommitCondition {
    CommitCondition::LoginIntentOf(owner(number))
}

fn intent(by: u8, generation: u64) -> Intent {
    Intent {
        owner: owner(by),
        fingerprint: None,
        generation: Generation::new(generation),
    }
}

fn over(record: RecordId) -> StoredState<'static> {
    StoredState {
        record: Some(record),
        ..StoredState::default()
    }
}

const NOTHING: StoredState<'static> = StoredState {
    record: None,
    intent: None,
    tombstoned: false,
};

const TOMBSTONE: StoredState<'static> = StoredState {
    record: None,
    intent: None,
    tombstoned: true,
};

#[test]
fn a_commit_is_judged_by_its_parent_if_the_vendor_rotates() {
    for (stored, condition, new, answer) in [
        (NOTHING, parent(1), id(2, 2), Missing),
        (NOTHING, Overwrite, id(2, 2), Stored),
        (NOTHING, UnlessTombstoned, id(2, 2), Stored),
        (NOTHING, login_of(1), id(2, 2), Stored),
        (over(id(1, 1)), parent(1), id(2, 2), Stored),
        (over(id(1, 1)), parent(9), id(2, 2), Lost),
        (over(id(2, 2)), parent(1), id(2, 2), Stored),
        (over(id(3, 2)), parent(1), id(2, 2), Lost),
        (over(id(3, 3)), parent(1), id(2, 2), Lost),
        (over(id(3, 3)), UnlessTombstoned, id(2, 2), Lost),
        (over(id(3, 3)), UnlessTombstoned, id(2, 3), Lost),
        (over(id(3, 3)), UnlessTombstoned, id(2, 4), Stored),
        (over(id(3, 3)), Overwrite, id(2, 2), Stored),
        (over(id(3, 3)), login_of(1), id(2, 2), Lost),
        (over(id(3, 3)), login_of(1), id(2, 4), Stored),
        (TOMBSTONE, parent(1), id(2, 2), Tombstoned),
        (TOMBSTONE, Overwrite, id(2, 2), Stored),
        (TOMBSTONE, UnlessTombstoned, id(2, 2), Tombstoned),
        (TOMBSTONE, login_of(1), id(2, 2), Tombstoned),
    ] {
        let judged = condition.judge(&stored, &new);
        assert_eq!(judged, answer, "{condition:?} of {new:?} over {stored:?}");
    }
}

// FAULTS.md row 55
#[test]
fn a_newer_generation_stays_if_the_vendor_does_not_rotate() {
    for (stored, new, answer) in [
        (3, 2, Lost),
        (3, 3, Stored), // a repetition
        (3, 4, Stored),
        (3, 400, Stored),
        (9, 10, Stored),
        (1 << 53, (1 << 53) + 1, Stored),
        ((1 << 53) + 1, 1 << 53, Lost),
        (u64::MAX, 1, Lost),
        (1, u64::MAX, Stored),
    ] {
        let judged = parent(1).judge(&over(id(1, stored)), &id(1, new));
        assert_eq!(judged, answer, "generation {new} over {stored}");
    }
}

#[test]
fn a_login_overwrites_while_its_own_intent_stands() {
    let (own, others) = (intent(1, 3), intent(2, 3));
    for tombstoned in [true, false] {
        let stored = |intent| StoredState {
            record: (!tombstoned).then_some(id(1, 3)),
            intent,
            tombstoned,
        };
        let of = |intent| login_of(1).judge(&stored(intent), &id(2, 3));
        let barred = if tombstoned { Tombstoned } else { Lost };
        assert_eq!(of(Some(&own)), Stored);
        assert_eq!(of(Some(&others)), barred);
        assert_eq!(of(None), barred);
    }
    for other in [parent(1), UnlessTombstoned] {
        let stored = StoredState {
            intent: Some(&own),
            ..TOMBSTONE
        };
        assert_eq!(other.judge(&stored, &id(2, 4)), Tombstoned, "{other:?}");
    }
}

// FAULTS.md row 56
#[test]
fn a_commit_supersedes_only_the_intents_of_older_generations() {
    let new = id(1, 3);
    for (generation, is_over) in [
        (0, true),
        (2, true),
        (3, false),
        (4, false),
        (u64::MAX, false),
    ] {
        assert_eq!(
            new.supersedes(&intent(1, generation)),
            is_over,
            "generation {generation}"
        );
    }
    assert!(id(1, u64::MAX).supersedes(&intent(1, u64::MAX - 1)));
}

// FAULTS.md rows 55 and 56: one exchange is committed, the store's answer is lost, another exchange
// begins, and the first commit is repeated.
#[test]
fn a_late_repetition_is_stored_and_keeps_the_intent_of_the_next_exchange() {
    let (child, next) = (id(1, 2), intent(2, 2));
    let stored = StoredState {
        intent: Some(&next),
        ..over(child)
    };
    assert_eq!(parent(1).judge(&stored, &child), Stored);
    assert!(!child.supersedes(&next));
    // The next exchange is committed too: the repetition of the first is too late to revert it.
    let after = over(id(1, 3));
    assert_eq!(parent(1).judge(&after, &child), Lost);
}
