//! Which files the store creates, where, and what they contain.

use std::fs;

use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, Committed, Intended};
use token_file::FileStore;
use token_sealing::Sealing;

use crate::fixture::{
    FILE, Fixture, LONG, child_of, commit, intent, key, owner, record, sealing, sealing_key,
    set_mode, stored, takes_lease, why_not_loaded,
};

#[tokio::test]
async fn reading_an_empty_store_creates_nothing() {
    let fixture = Fixture::empty();
    assert_eq!(stored(&fixture.store()).await, None);
    assert!(!fixture.directory().exists());
}

// FAULTS.md row 39
#[cfg(unix)]
#[tokio::test]
async fn a_token_file_that_is_a_symbolic_link_is_followed_to_its_target() {
    let fixture = Fixture::empty();
    let (elsewhere, link) = (fixture.root().join("elsewhere"), fixture.directory());
    for directory in [&elsewhere, &link] {
        fs::create_dir(directory).unwrap();
        set_mode(directory, 0o700);
    }
    let target = elsewhere.join("token.json");
    std::os::unix::fs::symlink("../elsewhere/next.json", fixture.file()).unwrap();
    std::os::unix::fs::symlink("token.json", elsewhere.join("next.json")).unwrap();
    let store = fixture.store();
    for (condition, number) in [(Overwrite, 1), (child_of(1), 2)] {
        let committed = commit(&store, &condition, number).await;
        assert_eq!(committed, Committed::Stored);
        assert_eq!(stored(&store).await, Some(number));
    }
    assert!(fs::symlink_metadata(fixture.file()).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&target).unwrap().is_file());
    assert!(elsewhere.join("token.json.lock").exists() && !fixture.beside(".lock").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_cycle_of_symbolic_links_is_an_error() {
    let fixture = Fixture::empty();
    fs::create_dir(fixture.directory()).unwrap();
    set_mode(&fixture.directory(), 0o700);
    std::os::unix::fs::symlink(FILE, fixture.file()).unwrap();
    assert!(
        why_not_loaded(&fixture.store())
            .await
            .contains("could not be read")
    );
}

#[tokio::test]
async fn a_logout_leaves_no_copy_of_the_token() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    commit(&store, &child_of(1), 2).await;
    assert!(fixture.beside(".previous").exists());
    store.tombstone(&key()).await.unwrap();
    for file in fs::read_dir(fixture.directory()).unwrap() {
        let path = file.unwrap().path();
        let content = fs::read_to_string(&path).unwrap();
        assert!(!content.contains("s3cr3t"), "{}", path.display());
    }
}

#[tokio::test]
async fn a_lease_ends_with_the_last_handle_of_its_owner() {
    let fixture = Fixture::with_a_record().await;
    let (dying, clone) = (fixture.store(), fixture.store());
    let clone_of_dying = dying.clone();
    dying.acquire(&key(), &owner(1), LONG).await.unwrap();
    drop(dying);
    let while_a_clone_lives = clone.acquire(&key(), &owner(2), LONG).await.unwrap();
    assert!(matches!(while_a_clone_lives, Acquired::Busy { .. }));
    drop(clone_of_dying);
    assert!(takes_lease(&clone, 2).await);
}

#[tokio::test]
async fn a_deleted_lock_file_is_created_again() {
    let fixture = Fixture::with_a_record().await;
    fs::remove_file(fixture.beside(".lock")).unwrap();
    let committed = commit(&fixture.store(), &child_of(1), 2).await;
    assert_eq!(committed, Committed::Stored);
}

#[tokio::test]
async fn a_sealed_token_is_not_in_any_file() {
    let fixture = Fixture::empty();
    let store = fixture.store().sealed_with(sealing());
    commit(&store, &Overwrite, 1).await;
    commit(&store, &child_of(1), 2).await;
    for file in fs::read_dir(fixture.directory()).unwrap() {
        let content = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!content.contains("s3cr3t") && !content.contains("body"));
    }
    assert_eq!(stored(&store).await, Some(2));
}

#[tokio::test]
async fn a_wrong_sealing_key_is_a_clear_error_and_loses_nothing() {
    let fixture = Fixture::empty();
    let right = || fixture.store().sealed_with(sealing());
    right()
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    let before = fs::read(fixture.file()).unwrap();
    for (store, why) in [
        (
            fixture
                .store()
                .sealed_with(Sealing::with(sealing_key("2026-04", 3))),
            "was not given: key id 2026-03",
        ),
        (
            fixture
                .store()
                .sealed_with(Sealing::with(sealing_key("2026-03", 4))),
            "another key",
        ),
        (fixture.store(), "no key was given"),
    ] {
        let error = why_not_loaded(&store).await;
        assert!(
            error.contains(why) || error.contains("key id 2026-03"),
            "{error}"
        );
        assert!(!error.contains("s3cr3t"));
    }
    assert_eq!(fs::read(fixture.file()).unwrap(), before);
    assert_eq!(stored(&right()).await, Some(1));
}

#[tokio::test]
async fn a_plain_record_is_refused_if_a_key_is_given() {
    let fixture = Fixture::with_a_record().await;
    let sealed = fixture.store().sealed_with(sealing());
    assert!(why_not_loaded(&sealed).await.contains("is not sealed"));
    assert_eq!(stored(&fixture.store()).await, Some(1));
}

#[tokio::test]
async fn a_record_of_the_old_key_opens_until_the_next_commit_seals_it_with_the_new_one() {
    let fixture = Fixture::empty();
    let old = fixture.store().sealed_with(sealing());
    commit(&old, &Overwrite, 1).await;
    let rotated = Sealing::with(sealing_key("2026-04", 4)).or_opened_by(sealing_key("2026-03", 3));
    let rotated = fixture.store().sealed_with(rotated);
    assert_eq!(stored(&rotated).await, Some(1));
    rotated.acquire(&key(), &owner(1), LONG).await.unwrap();
    let intended = rotated.write_intent(&key(), &intent(1, 1)).await.unwrap();
    assert_eq!(intended, Intended::Written);
    commit(&rotated, &child_of(1), 2).await;
    let new_alone = fixture
        .store()
        .sealed_with(Sealing::with(sealing_key("2026-04", 4)));
    assert_eq!(stored(&new_alone).await, Some(2));
}

#[test]
fn the_default_directory_contains_the_app_name() {
    let store = FileStore::in_default_directory("acme-sync").unwrap();
    assert!(store.directory().is_absolute() && store.directory().ends_with("acme-sync/tokens"));
}
