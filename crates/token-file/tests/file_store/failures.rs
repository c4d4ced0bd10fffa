//! Disks that are full or read-only, and files that are mount points.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed, StoreError};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use crate::fixture::{
    Fixture, LONG, child_of, commit, error_of, intent, key, owner, record, stored, takes_lease,
};

const NO_SPACE: i32 = 28;
const READ_ONLY: i32 = 30;
const BUSY: i32 = 16;
const OTHER_DEVICE: i32 = 18;

/// Returns a store whose file system fails with this error before this step.
fn failing(fixture: &Fixture, step: WriteStep, error: i32) -> FileStore {
    fixture
        .store()
        .before_each_step(move |asked| match asked == step {
            true => Err(io::Error::from_raw_os_error(error)),
            false => Ok(()),
        })
}

async fn refresh(store: &FileStore) -> Result<(), StoreError> {
    store.acquire(&key(), &owner(1), LONG).await?;
    store.write_intent(&key(), &intent(1, 1)).await?;
    store.commit(&key(), &child_of(1), &record(2)).await?;
    store.release(&key(), &owner(1)).await
}

// FAULTS.md rows 4 and 5
#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fails_at_any_step_is_an_error_and_loses_nothing() {
    let mut failed_at = HashSet::new();
    for count in 0.. {
        let fixture = Fixture::with_a_record().await;
        let (asked, last) = (
            AtomicUsize::new(0),
            Arc::<Mutex<Option<WriteStep>>>::default(),
        );
        let seen = Arc::clone(&last);
        let store = fixture.store().before_each_step(move |step| {
            if asked.fetch_add(1, Ordering::SeqCst) != count {
                return Ok(());
            }
            *seen.lock().unwrap() = Some(step);
            Err(io::Error::from_raw_os_error(NO_SPACE))
        });
        let refreshed = refresh(&store).await;
        let Some(step) = *last.lock().unwrap() else {
            refreshed.unwrap();
            break;
        };
        failed_at.insert(step);
        let error = error_of(refreshed);
        assert!(
            error.contains("no room") && !error.contains("s3cr3t"),
            "{step:?}: {error}"
        );
        drop(store);
        repaired(&fixture).await;
    }
    for step in [
        WriteStep::Create,
        WriteStep::WriteRest,
        WriteStep::Sync,
        WriteStep::SyncDirectory,
    ] {
        assert!(failed_at.contains(&step), "{step:?}");
    }
}

async fn repaired(fixture: &Fixture) {
    let store = fixture.store();
    assert!(matches!(stored(&store).await, Some(1 | 2)));
    assert!(takes_lease(&store, 2).await);
    let late = commit(&store, &child_of(1), 2).await;
    assert_eq!(late, Committed::Stored);
    assert_eq!(stored(&store).await, Some(2));
    assert!(!fixture.beside(".new").exists());
}

// FAULTS.md row 39
#[cfg(unix)]
#[tokio::test]
async fn the_error_of_a_mounted_file_says_to_mount_the_directory() {
    for error in [BUSY, OTHER_DEVICE] {
        let fixture = Fixture::with_a_record().await;
        let login = failing(&fixture, WriteStep::Rename, error)
            .commit(&key(), &CommitCondition::Overwrite, &record(2))
            .await;
        let said = error_of(login);
        assert!(said.contains("mount its directory"), "{said}");
        assert_eq!(stored(&fixture.store()).await, Some(1));
    }
}

// FAULTS.md row 5
#[cfg(unix)]
#[tokio::test]
async fn a_read_only_directory_is_an_error_before_anything_is_spent() {
    let fixture = Fixture::with_a_record().await;
    let store = failing(&fixture, WriteStep::Create, READ_ONLY);
    let said = error_of(store.acquire(&key(), &owner(1), LONG).await);
    assert!(said.contains("cannot be written by this user"), "{said}");
    assert_eq!(stored(&store).await, Some(1));
}

// FAULTS.md row 5; the superuser may write to any directory, but not to this one
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_cannot_be_made_is_an_error() {
    let store = FileStore::at("/sys/kernel/tokens");
    assert!(store.load(&key()).await.unwrap().record.is_none());
    error_of(store.acquire(&key(), &owner(1), LONG).await);
}

// FAULTS.md row 9
#[tokio::test]
async fn a_path_that_is_not_a_directory_is_an_error_and_not_a_busy_lease() {
    let fixture = Fixture::empty();
    std::fs::write(fixture.root().join("file"), "").unwrap();
    let store = FileStore::at(fixture.root().join("file").join("tokens"));
    error_of(store.acquire(&key(), &owner(1), LONG).await);
    error_of(store.load(&key()).await);
}
