//! Files that are damaged or were written by something else.

use std::fs;

use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Committed;

use crate::fixture::{
    Fixture, LONG, child_of, commit, error_of, intent, key, owner, put, record, stored,
    why_not_loaded,
};

// FAULTS.md row 38
#[tokio::test]
async fn a_file_that_is_torn_anywhere_is_an_error_and_is_kept() {
    let fixture = Fixture::with_a_record().await;
    let whole = fs::read(fixture.file()).unwrap();
    for length in 0..whole.len() {
        let torn = &whole[..length];
        fs::write(fixture.file(), torn).unwrap();
        let error = why_not_loaded(&fixture.store()).await;
        assert!(error.contains("torn"), "{length} bytes: {error}");
        assert!(!error.contains("s3cr3t"), "{error}");
        assert_eq!(fs::read(fixture.file()).unwrap(), torn);
    }
}

// FAULTS.md row 38
#[tokio::test]
async fn a_file_with_one_changed_byte_is_an_error() {
    let fixture = Fixture::with_a_record().await;
    let whole = fs::read(fixture.file()).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(fixture.file(), changed).unwrap();
        assert!(fixture.store().load(&key()).await.is_err(), "byte {at}");
    }
}

// FAULTS.md row 38
#[tokio::test]
async fn a_foreign_file_is_an_error_and_is_kept() {
    let fixture = Fixture::with_a_record().await;
    let mut zeros = fs::read(fixture.file()).unwrap();
    zeros.fill(0);
    let foreign: [(&[u8], &str); 5] = [
        (b"{\"access_token\":\"s3cr3t\"}", "another program"),
        (b"\xFF\xFE\x00s3cr3t", "another program"),
        (b"s3cr3t\nsha256:00\n", "another program"),
        (&vec![b'x'; 5 << 20], "another program"),
        (&zeros, "torn"),
    ];
    for (content, why) in foreign {
        fs::write(fixture.file(), content).unwrap();
        let error = why_not_loaded(&fixture.store()).await;
        assert!(error.contains(why) && !error.contains("s3cr3t"), "{error}");
        let commit = fixture
            .store()
            .commit(&key(), &child_of(1), &record(2))
            .await;
        assert!(error_of(commit).contains(why));
        assert_eq!(fs::read(fixture.file()).unwrap(), content);
    }
}

// FAULTS.md row 38
#[tokio::test]
async fn an_unreadable_file_leaves_the_previous_copy_in_use_and_is_kept() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    commit(&store, &child_of(1), 2).await;
    fs::write(fixture.file(), "torn").unwrap();
    assert_eq!(stored(&store).await, Some(1));
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    let entry = store.load(&key()).await.unwrap();
    assert_eq!(entry.intent, Some(intent(1, 1)));
    let committed = commit(&store, &child_of(1), 3).await;
    assert_eq!(committed, Committed::Stored);
    assert_eq!(stored(&store).await, Some(3));
    let kept = fs::read_to_string(fixture.beside(".unreadable-1")).unwrap();
    assert_eq!(kept, "torn");
}

#[tokio::test]
async fn a_new_login_or_a_logout_replaces_and_keeps_an_unreadable_file() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    for number in [1, 2] {
        fs::write(fixture.file(), format!("torn {number}")).unwrap();
        match number {
            1 => {
                _ = commit(&store, &Overwrite, 4).await;
            }
            _ => drop(store.tombstone(&key()).await.unwrap()),
        }
        let kept = fs::read_to_string(fixture.beside(&format!(".unreadable-{number}"))).unwrap();
        assert_eq!(kept, format!("torn {number}"));
    }
    assert!(store.load(&key()).await.unwrap().tombstoned);
}

/// The generation is that of the previous copy.
#[tokio::test]
async fn a_logout_over_an_unreadable_file_keeps_a_generation() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    commit(&store, &Overwrite, 2).await;
    fs::write(fixture.file(), "torn").unwrap();
    let copy = store.load(&key()).await.unwrap().generation();
    store.tombstone(&key()).await.unwrap();
    let entry = store.load(&key()).await.unwrap();
    assert!(entry.tombstoned && copy.is_some());
    assert_eq!(entry.tombstoned_generation, copy);
}

/// Otherwise a damaged file after a new login would be read as a logout.
#[tokio::test]
async fn a_tombstone_in_the_previous_copy_is_ignored() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    store.tombstone(&key()).await.unwrap();
    commit(&store, &Overwrite, 2).await;
    fs::write(fixture.file(), "").unwrap();
    assert!(why_not_loaded(&store).await.contains("torn"));
}

#[tokio::test]
async fn the_file_of_another_key_or_version_is_recognized() {
    let fixture = Fixture::with_a_record().await;
    let other = token_core::TokenKey::of("acme", "api.acme.example", "2");
    let of_another = fixture.directory().join("acme%2fapi.acme.example%2f2.json");
    fs::copy(fixture.file(), of_another).unwrap();
    let error = error_of(fixture.store().load(&other).await);
    assert!(error.contains("another key"), "{error}");
}

#[tokio::test]
async fn a_lease_file_that_a_crash_of_the_machine_damaged_is_ignored() {
    let fixture = Fixture::with_a_record().await;
    for content in ["", "torn", "{\"owner\":\"x\"}"] {
        put(&fixture.beside(".lease"), content);
        let store = fixture.store();
        let held = store.acquire(&key(), &owner(1), LONG).await;
        assert!(held.unwrap().is_held(), "{content:?}");
    }
}
