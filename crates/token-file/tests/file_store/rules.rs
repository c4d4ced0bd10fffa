//! What a commit may replace, which intent it clears, and what a logout returns: the rules of every
//! store, for files.

use std::fs;

use token_core::store::{CommitCondition, Committed, Intent, Record};
use token_core::{Generation, Timestamp, TokenStore};

use crate::fixture::{
    Fixture, LONG, child_of, commit, fingerprint, intent, key, owner, record, stored,
};

/// Returns a record of a vendor that does not rotate: every generation has the same fingerprint.
fn of_one_lineage(generation: u8) -> Record {
    Record {
        fingerprint: fingerprint(1),
        ..record(generation)
    }
}

// FAULTS.md row 55
#[tokio::test]
async fn an_older_generation_of_a_kept_refresh_token_does_not_replace_a_newer_one() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    for (generation, wanted) in [
        (3, Committed::Stored),
        (2, Committed::Lost),
        (3, Committed::Stored),
        (4, Committed::Stored),
    ] {
        let committed = store
            .commit(&key(), &child_of(1), &of_one_lineage(generation))
            .await;
        assert_eq!(committed.unwrap(), wanted, "generation {generation}");
    }
    let repair = store
        .commit(
            &key(),
            &CommitCondition::UnlessTombstoned,
            &of_one_lineage(2),
        )
        .await;
    assert_eq!(repair.unwrap(), Committed::Lost);
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.generation(), Some(Generation::new(4)));
}

// FAULTS.md row 56
#[tokio::test]
async fn a_commit_clears_its_own_intent_although_the_refresh_token_stays_the_same() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    for parent in [1, 2] {
        let spending = Intent {
            generation: Generation::new(parent.into()),
            ..intent(1, 1)
        };
        store.write_intent(&key(), &spending).await.unwrap();
        assert_eq!(
            store.load(&key()).await.unwrap().intent,
            Some(spending),
            "as it was"
        );
        store
            .commit(&key(), &child_of(1), &of_one_lineage(parent + 1))
            .await
            .unwrap();
        assert_eq!(
            store.load(&key()).await.unwrap().intent,
            None,
            "of {parent}"
        );
    }
}

// FAULTS.md row 56
#[tokio::test]
async fn a_repeated_commit_keeps_the_intent_to_spend_its_token() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    store
        .commit(&key(), &child_of(1), &of_one_lineage(2))
        .await
        .unwrap();
    store.acquire(&key(), &owner(2), LONG).await.unwrap();
    let next = Intent {
        generation: Generation::new(2),
        ..intent(2, 1)
    };
    store.write_intent(&key(), &next).await.unwrap();
    let again = store.commit(&key(), &child_of(1), &of_one_lineage(2)).await;
    assert_eq!(again.unwrap(), Committed::Stored);
    assert_eq!(store.load(&key()).await.unwrap().intent, Some(next));
}

// FAULTS.md row 62
#[tokio::test]
async fn a_logout_returns_the_record_that_it_removed() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    commit(&store, &child_of(1), 2).await;
    let removed = store.tombstone(&key()).await.unwrap().unwrap();
    assert_eq!(removed.body.expose(), record(2).body.expose());
    assert!(store.tombstone(&key()).await.unwrap().is_none());
}

// FAULTS.md row 62; the token in the copy before a torn file may still be valid
#[tokio::test]
async fn a_logout_over_a_torn_file_returns_the_previous_copy() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    commit(&store, &child_of(1), 2).await;
    fs::write(fixture.file(), "torn").unwrap();
    let removed = store.tombstone(&key()).await.unwrap().unwrap();
    assert_eq!(removed.generation, Generation::new(1));
}

// FAULTS.md rows 75 and 106
#[tokio::test]
async fn a_tombstone_keeps_the_fingerprint_of_the_initial_token() {
    let fixture = Fixture::empty();
    let store = fixture.store();
    let first = Record {
        initial: Some(fingerprint(7)),
        ..record(1)
    };
    store
        .commit(&key(), &CommitCondition::UnlessTombstoned, &first)
        .await
        .unwrap();
    for _ in ["a logout", "a second one"] {
        store.tombstone(&key()).await.unwrap();
        let entry = store.load(&key()).await.unwrap();
        assert_eq!(entry.tombstoned_initial, Some(fingerprint(7)));
        assert_eq!(entry.tombstoned_generation, Some(Generation::new(1)));
    }
}

// FAULTS.md row 106
#[tokio::test]
async fn a_login_replaces_the_tombstone_that_it_saw_and_not_a_later_one() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    let login = Intent {
        fingerprint: None,
        ..intent(1, 1)
    };
    let of_login = CommitCondition::LoginIntentOf(owner(1));
    store.tombstone(&key()).await.unwrap();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &login).await.unwrap();
    let logged_in = store.commit(&key(), &of_login, &record(2)).await;
    assert_eq!(logged_in.unwrap(), Committed::Stored);
    assert_eq!(stored(&store).await, Some(2));
    store.write_intent(&key(), &login).await.unwrap();
    store.tombstone(&key()).await.unwrap();
    let too_late = store.commit(&key(), &of_login, &record(3)).await;
    assert_eq!(too_late.unwrap(), Committed::Tombstoned);
}

#[tokio::test]
async fn the_instants_for_a_sweep_are_plain_text_even_if_the_token_is_sealed() {
    let fixture = Fixture::empty();
    let store = fixture.store().sealed_with(crate::fixture::sealing());
    let dated = Record {
        due_at: Some(Timestamp::from_unix_millis(1_800_000_000_123)),
        grant_ends_at: Some(Timestamp::from_unix_millis(-5)),
        initial: Some(fingerprint(9)),
        ..record(1)
    };
    store
        .commit(&key(), &CommitCondition::Overwrite, &dated)
        .await
        .unwrap();
    let back = store.load(&key()).await.unwrap().record.unwrap();
    assert_eq!(
        (back.due_at, back.grant_ends_at, back.initial),
        (dated.due_at, dated.grant_ends_at, dated.initial)
    );
    let text = fixture.text();
    assert!(text.contains("\"due_at\":1800000000123"), "{text}");
}
