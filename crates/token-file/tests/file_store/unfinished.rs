//! What happens to the temporary file of an unfinished write.

use std::fs;
use std::io;

use sha2::{Digest, Sha256};
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, Committed};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use crate::fixture::{
    Fixture, LONG, child_of, commit, error_of, intent, key, owner, put, record, recording, sealing,
    stored, whole_record,
};

/// Returns a store whose disk fails at this step.
fn failing_at(fixture: &Fixture, step: WriteStep) -> FileStore {
    fixture
        .store()
        .before_each_step(move |asked| match asked == step {
            true => Err(io::Error::other("the disk fails")),
            false => Ok(()),
        })
}

/// Returns a store with `record(1)`, and the complete temporary file of `record(2)`, which was not
/// renamed.
pub(crate) async fn half_done() -> Fixture {
    let fixture = Fixture::with_a_record().await;
    let commit = failing_at(&fixture, WriteStep::Sync)
        .commit(&key(), &child_of(1), &record(2))
        .await;
    error_of(commit);
    fixture
}

/// Returns the generation that the next owner of the lease finds.
async fn next_owner_finds(store: &FileStore) -> Option<u64> {
    match store.acquire(&key(), &owner(7), LONG).await.unwrap() {
        Acquired::Held(entry) => entry.generation().map(token_core::Generation::number),
        busy => panic!("{busy:?}"),
    }
}

// FAULTS.md row 97
#[tokio::test]
async fn a_token_that_was_written_but_not_renamed_is_found_by_the_next_owner() {
    for step in [WriteStep::Sync, WriteStep::Rename] {
        let fixture = Fixture::with_a_record().await;
        let store = failing_at(&fixture, step);
        error_of(store.commit(&key(), &child_of(1), &record(2)).await);
        assert_eq!(
            whole_record(&fixture.beside(".new")),
            Some(2),
            "{step:?} leaves it"
        );
        assert_eq!(
            stored(&fixture.store()).await,
            Some(1),
            "readers do not take it"
        );
        error_of(store.acquire(&key(), &owner(1), LONG).await);
        assert_eq!(next_owner_finds(&fixture.store()).await, Some(2));
        assert_eq!(stored(&fixture.store()).await, Some(2));
        assert!(!fixture.beside(".new").exists());
    }
}

// FAULTS.md row 97
#[tokio::test]
async fn every_operation_on_the_record_completes_an_unfinished_write_first() {
    let fixture = half_done().await;
    let late = commit(&fixture.store(), &child_of(1), 3).await;
    assert_eq!(late, Committed::Lost, "its parent was spent");
    assert_eq!(stored(&fixture.store()).await, Some(2));

    let fixture = half_done().await;
    fixture
        .store()
        .clear_intent(&key(), &owner(1))
        .await
        .unwrap();
    assert_eq!(stored(&fixture.store()).await, Some(2));

    let fixture = half_done().await;
    let removed = fixture.store().tombstone(&key()).await.unwrap().unwrap();
    assert_eq!(
        removed.generation,
        record(2).generation,
        "the one to revoke"
    );
    assert!(fixture.store().load(&key()).await.unwrap().tombstoned);
}

/// After a failed sync, a kernel may regard pages as written that never reached the disk.
// FAULTS.md row 97
#[tokio::test]
async fn a_file_that_could_not_be_synced_is_rewritten_before_it_is_synced() {
    let fixture = half_done().await;
    let (store, steps) = recording(&fixture);
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    let wanted = [
        WriteStep::OpenLock,
        WriteStep::WriteAgain,
        WriteStep::Sync,
        WriteStep::Rename,
        WriteStep::SyncDirectory,
    ];
    assert_eq!(steps.lock().unwrap().get(..5), Some(&wanted[..]));
}

// FAULTS.md row 92
#[tokio::test]
async fn an_intent_or_a_logout_that_failed_is_undone() {
    for step in [WriteStep::Sync, WriteStep::Rename] {
        let fixture = Fixture::with_a_record().await;
        let (store, broken) = (fixture.store(), failing_at(&fixture, step));
        store.acquire(&key(), &owner(1), LONG).await.unwrap();
        error_of(broken.write_intent(&key(), &intent(1, 1)).await);
        error_of(broken.tombstone(&key()).await);
        assert!(!fixture.beside(".new").exists(), "{step:?}");
        let entry = fixture.store().load(&key()).await.unwrap();
        assert!(entry.intent.is_none() && !entry.tombstoned);
    }
}

// FAULTS.md row 97
#[tokio::test]
async fn a_torn_temporary_file_is_removed_wherever_it_ends() {
    let fixture = half_done().await;
    let whole = fs::read(fixture.beside(".new")).unwrap();
    let store = fixture.store();
    for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        put(&fixture.beside(".new"), &whole[..length]);
        assert_eq!(next_owner_finds(&store).await, Some(1), "{length} bytes");
        assert!(!fixture.beside(".new").exists());
    }
}

#[tokio::test]
async fn a_temporary_file_of_another_key_is_set_aside_and_kept() {
    let (fixture, other) = (
        Fixture::with_a_record().await,
        token_core::TokenKey::of("acme", "api", "2"),
    );
    let (elsewhere, store) = (Fixture::empty(), fixture.store());
    elsewhere
        .store()
        .commit(&other, &Overwrite, &record(9))
        .await
        .unwrap();
    let of_other = fs::read(elsewhere.directory().join("acme%2fapi%2f2.json")).unwrap();
    put(&fixture.beside(".new"), &of_other);
    assert_eq!(next_owner_finds(&store).await, Some(1));
    assert_eq!(fs::read(fixture.beside(".unreadable-1")).unwrap(), of_other);
}

/// The newer program can read it, and its token may be the only valid one.
#[tokio::test]
async fn a_temporary_file_of_a_newer_version_is_an_error_and_is_kept() {
    let fixture = half_done().await;
    let text = fs::read_to_string(fixture.beside(".new")).unwrap();
    let (content, _) = text.trim_end().rsplit_once('\n').unwrap();
    let content = content.replacen("\"version\":1", "\"version\":2", 1);
    let hash = Sha256::digest(&content);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let newer = format!("{content}\nsha256:{hash}\n");
    put(&fixture.beside(".new"), &newer);
    let said = error_of(fixture.store().acquire(&key(), &owner(1), LONG).await);
    assert!(
        said.contains("newer version") && said.contains(".new"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(fixture.beside(".new")).unwrap(), newer);
    assert_eq!(stored(&fixture.store()).await, Some(1));
}

// FAULTS.md row 97
#[tokio::test]
async fn a_sealed_temporary_file_is_completed_and_needs_its_key_to_be_read() {
    let fixture = Fixture::empty();
    let sealed = || fixture.store().sealed_with(sealing());
    sealed()
        .commit(&key(), &Overwrite, &record(1))
        .await
        .unwrap();
    let broken = failing_at(&fixture, WriteStep::Sync).sealed_with(sealing());
    error_of(broken.commit(&key(), &child_of(1), &record(2)).await);
    let without_key = error_of(fixture.store().acquire(&key(), &owner(1), LONG).await);
    assert!(without_key.contains("no key was given"), "{without_key}");
    assert_eq!(stored(&sealed()).await, Some(2));
    assert_eq!(next_owner_finds(&sealed()).await, Some(2));
}

// FAULTS.md row 97
#[tokio::test]
async fn a_complete_temporary_file_next_to_a_torn_file_is_completed_and_the_torn_one_is_kept() {
    let fixture = half_done().await;
    put(&fixture.file(), "torn");
    assert_eq!(next_owner_finds(&fixture.store()).await, Some(2));
    let kept = fs::read_to_string(fixture.beside(".unreadable-1")).unwrap();
    assert_eq!(kept, "torn");
}

/// The previous copy contains the parent, although the commit itself does not create it.
#[tokio::test]
async fn a_commit_after_an_intent_makes_no_copy_since_the_intent_made_it() {
    let fixture = Fixture::with_a_record().await;
    let (store, steps) = recording(&fixture);
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    assert_eq!(whole_record(&fixture.beside(".previous")), Some(1));
    steps.lock().unwrap().clear();
    commit(&store, &child_of(1), 2).await;
    let wanted = [
        WriteStep::OpenLock,
        WriteStep::Create,
        WriteStep::Write,
        WriteStep::WriteRest,
        WriteStep::Sync,
        WriteStep::Rename,
        WriteStep::SyncDirectory,
        WriteStep::Done,
    ];
    assert_eq!(*steps.lock().unwrap(), wanted);
    put(&fixture.file(), "torn");
    assert_eq!(stored(&fixture.store()).await, Some(1));
}
