//! What is due is found among files of any kind.

use std::fs;

use token_core::store::CommitCondition::Overwrite;
use token_core::store::Record;
use token_core::{Timestamp, TokenKey, TokenStore};
use token_file::FileStore;

use crate::fixture::{Fixture, child_of, key, put, record};

const NONE: [i64; 0] = [];

fn due_record(number: u8) -> Record {
    Record {
        due_at: Some(Timestamp::from_unix_millis(i64::from(number))),
        ..record(number)
    }
}

async fn with_a_due_record() -> Fixture {
    let fixture = Fixture::empty();
    let store = fixture.store();
    store
        .commit(&key(), &Overwrite, &due_record(1))
        .await
        .unwrap();
    fixture
}

/// Returns the due times of all keys.
async fn due_times(store: &FileStore) -> Vec<i64> {
    let page = store.due(Timestamp::MAX, 100, None).await.unwrap();
    let times = page.due.iter().map(|due| due.due_at.unix_millis());
    times.collect()
}

#[tokio::test]
async fn without_a_directory_nothing_is_due() {
    let fixture = Fixture::empty();
    assert_eq!(due_times(&fixture.store()).await, NONE);
    assert!(!fixture.directory().exists());
}

#[tokio::test]
async fn a_torn_file_is_skipped_wherever_it_ends() {
    let fixture = with_a_due_record().await;
    let whole = fs::read(fixture.file()).unwrap();
    for length in 0..whole.len() {
        put(&fixture.file(), &whole[..length]);
        assert_eq!(due_times(&fixture.store()).await, NONE, "{length} bytes");
    }
    put(&fixture.file(), &whole);
    assert_eq!(due_times(&fixture.store()).await, [1]);
}

#[tokio::test]
async fn the_previous_version_of_a_torn_file_is_due() {
    let fixture = with_a_due_record().await;
    let store = fixture.store();
    store
        .commit(&key(), &child_of(1), &due_record(2))
        .await
        .unwrap();
    assert_eq!(due_times(&store).await, [2]);
    put(&fixture.file(), "");
    assert_eq!(due_times(&store).await, [1]);
    assert!(store.load(&key()).await.unwrap().record.is_some());
}

#[tokio::test]
async fn foreign_files_are_skipped_and_left_as_they_are() {
    let fixture = with_a_due_record().await;
    let whole = fs::read_to_string(fixture.file()).unwrap();
    let later = whole.replace("\"version\":1", "\"version\":2");
    let long = "x".repeat(1 << 20);
    let foreign = [
        ("copy.json", whole.as_str()),
        ("later.json", later.as_str()),
        ("empty.json", ""),
        ("settings.json", "{\"format\":\"other\",\"version\":1}\n"),
        ("long.json", long.as_str()),
        ("notes.txt", whole.as_str()),
        (".json", whole.as_str()),
    ];
    for (name, content) in foreign {
        put(&fixture.directory().join(name), content);
    }
    fs::create_dir(fixture.directory().join("directory.json")).unwrap();
    assert_eq!(due_times(&fixture.store()).await, [1]);
    for (name, content) in foreign {
        let left = fs::read_to_string(fixture.directory().join(name)).unwrap();
        assert_eq!(left, content, "{name}");
    }
}

#[tokio::test]
async fn a_sealed_record_is_due_without_its_key() {
    let fixture = Fixture::empty();
    let sealed = FileStore::at(fixture.directory()).sealed_with(crate::fixture::sealing());
    sealed
        .commit(&key(), &Overwrite, &due_record(1))
        .await
        .unwrap();
    assert_eq!(due_times(&fixture.store()).await, [1]);
}

#[tokio::test]
async fn a_write_that_is_not_finished_is_not_due_yet() {
    let fixture = with_a_due_record().await;
    fs::rename(fixture.file(), fixture.beside(".new")).unwrap();
    assert_eq!(due_times(&fixture.store()).await, NONE);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_file_is_followed_and_a_pipe_or_a_link_to_nothing_is_skipped() {
    let fixture = with_a_due_record().await;
    let elsewhere = fixture.root().join("elsewhere.json");
    fs::rename(fixture.file(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, fixture.file()).unwrap();
    let directory = fixture.directory();
    std::os::unix::fs::symlink("nothing", directory.join("dangling.json")).unwrap();
    let pipe = directory.join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert_eq!(due_times(&fixture.store()).await, [1]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_others_can_read_is_refused() {
    let fixture = with_a_due_record().await;
    crate::fixture::set_mode(&fixture.directory(), 0o755);
    let listing = fixture.store().due(Timestamp::MAX, 1, None).await;
    let error = listing.unwrap_err().to_string();
    assert!(error.contains("0700"), "{error}");
}

#[tokio::test]
async fn long_keys_are_listed_by_their_whole_name() {
    let fixture = Fixture::empty();
    let store = fixture.store();
    let long = TokenKey::parse(&"\"".repeat(512)).unwrap();
    store
        .commit(&long, &Overwrite, &due_record(1))
        .await
        .unwrap();
    let page = store.due(Timestamp::MAX, 1, None).await.unwrap();
    assert_eq!(page.due.first().map(|due| &due.key), Some(&long));
}
