//! Directories and files that other users can access, or that are of another kind, are refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
#[cfg(target_os = "linux")]
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::fs::{CWD, FileType, Mode, mknodat};
use token_core::TokenStore;
use token_core::store::CommitCondition;
use token_file::FileStore;

use crate::fixture::{
    Fixture, LONG, child_of, commit, error_of, intent, key, owner, put, set_mode, stored,
    takes_lease,
};

/// The files next to the record's that are read, locked or replaced.
const ENDINGS: [&str; 5] = ["", ".previous", ".new", ".lock", ".lease"];

async fn every_file(fixture: &Fixture) {
    let store = fixture.store();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    commit(&store, &child_of(1), 2).await;
}

/// Returns the errors of a read and a write.
async fn refusals(store: &FileStore) -> [String; 2] {
    let loaded = error_of(store.load(&key()).await);
    let leased = error_of(store.acquire(&key(), &owner(2), LONG).await);
    [loaded, leased]
}

// FAULTS.md row 88
#[tokio::test]
async fn only_their_user_can_access_the_directory_and_every_file() {
    let fixture = Fixture::with_a_record().await;
    every_file(&fixture).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(&fixture.directory()), 0o700);
    let files: Vec<_> = fs::read_dir(fixture.directory())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn an_empty_path_is_refused_and_not_taken_for_the_working_directory() {
    for said in refusals(&FileStore::at("")).await {
        assert!(
            said.contains("the path of the token store is empty"),
            "{said}"
        );
    }
}

// FAULTS.md row 88
#[tokio::test]
async fn a_directory_that_others_have_access_to_is_refused() {
    let fixture = Fixture::with_a_record().await;
    for mode in [0o777, 0o770, 0o702, 0o755, 0o710] {
        set_mode(&fixture.directory(), mode);
        for said in refusals(&fixture.store()).await {
            assert!(
                said.contains("0700") && said.contains("tokens"),
                "{mode:o}: {said}"
            );
        }
    }
    set_mode(&fixture.directory(), 0o700);
    assert_eq!(stored(&fixture.store()).await, Some(1));
}

// FAULTS.md row 88
#[tokio::test]
async fn a_file_that_others_have_access_to_is_refused() {
    for ending in ENDINGS {
        let fixture = Fixture::with_a_record().await;
        let file = fixture.beside(ending);
        if !file.exists() {
            put(&file, "");
        }
        for mode in [0o644, 0o640, 0o602, 0o660] {
            set_mode(&file, mode);
            for said in refusals(&fixture.store()).await {
                assert!(said.contains("0600"), "{ending} {mode:o}: {said}");
            }
        }
        set_mode(&file, 0o600);
        assert_eq!(stored(&fixture.store()).await, Some(1), "{ending}");
    }
}

// FAULTS.md row 88; if this user cannot change the owner of files, it tests those of the superuser
#[tokio::test]
async fn a_directory_or_file_of_another_user_is_refused() {
    const SOMEBODY: Option<u32> = Some(12_345);
    let of_superuser = FileStore::at("/usr");
    let fixture = Fixture::with_a_record().await;
    if chown(fixture.directory(), SOMEBODY, None).is_err() {
        for said in refusals(&of_superuser).await {
            assert!(said.contains("another user"), "{said}");
        }
        return;
    }
    for said in refusals(&fixture.store()).await {
        assert!(said.contains("directory belongs to another user"), "{said}");
    }
    for ending in ENDINGS {
        let fixture = Fixture::with_a_record().await;
        let file = fixture.beside(ending);
        if !file.exists() {
            put(&file, "");
        }
        chown(&file, SOMEBODY, None).unwrap();
        for said in refusals(&fixture.store()).await {
            assert!(
                said.contains("file belongs to another user"),
                "{ending}: {said}"
            );
        }
    }
}

/// Creates a directory that every user may write to, as the only directory of a volume often is,
/// and returns a store's two levels below.
fn below_a_directory_for_all(fixture: &Fixture) -> PathBuf {
    set_mode(fixture.root(), 0o777);
    fixture.root().join("app").join("tokens")
}

// FAULTS.md row 88
#[tokio::test]
async fn a_parent_directory_that_every_user_may_write_to_is_a_warning() {
    let fixture = Fixture::empty();
    let store = FileStore::at(below_a_directory_for_all(&fixture));
    for when in ["before the first write", "after it"] {
        let warnings = store.warnings().await;
        let said = warnings.first().unwrap();
        assert_eq!(warnings.len(), 1, "{when}: {warnings:?}");
        assert!(said.contains("sticky bit"), "{when}: {said}");
        assert!(
            said.contains(&*fixture.root().to_string_lossy()),
            "{when}: {said}"
        );
        commit(&store, &CommitCondition::Overwrite, 1).await;
    }
    for harmless in [0o1777, 0o775, 0o700] {
        set_mode(fixture.root(), harmless);
        assert_eq!(store.warnings().await, Vec::<String>::new(), "{harmless:o}");
    }
}

// FAULTS.md row 88
#[tokio::test]
async fn strict_permissions_make_such_a_parent_an_error() {
    let fixture = Fixture::empty();
    let store = FileStore::at(below_a_directory_for_all(&fixture)).strict_permissions();
    for said in refusals(&store).await {
        assert!(said.contains("sticky bit"), "{said}");
    }
    set_mode(fixture.root(), 0o755);
    assert_eq!(stored(&store).await, None);
    assert!(takes_lease(&store, 1).await);
}

#[cfg(target_os = "linux")]
fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[cfg(target_os = "linux")]
fn socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    set_mode(path, 0o600);
}

fn directory(path: &Path) {
    fs::create_dir(path).unwrap();
    set_mode(path, 0o700);
}

// FAULTS.md row 89
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_is_a_fifo_a_socket_or_a_directory_is_an_error_and_does_not_block() {
    for (kind, make) in [
        ("a FIFO", fifo as fn(&Path)),
        ("a socket", socket),
        ("a directory", directory),
    ] {
        for ending in ENDINGS {
            let fixture = Fixture::with_a_record().await;
            let path = fixture.beside(ending);
            _ = fs::remove_file(&path);
            make(&path);
            let store = fixture.store();
            let said = tokio::time::timeout(LONG, refusals(&store)).await;
            for said in said.unwrap() {
                assert!(
                    said.contains("not a regular file"),
                    "{kind} as {ending}: {said}"
                );
            }
        }
    }
}

// FAULTS.md row 89; a store whose files are symbolic links to a device
#[tokio::test]
async fn a_token_file_that_leads_to_a_device_is_an_error() {
    let fixture = Fixture::empty();
    directory(&fixture.directory());
    std::os::unix::fs::symlink("/dev/zero", fixture.file()).unwrap();
    let store = fixture.store();
    let said = tokio::time::timeout(Duration::from_secs(60), refusals(&store)).await;
    for said in said.unwrap() {
        assert!(said.contains("is a symbolic link"), "{said}");
        assert!(said.contains("remove the link"), "{said}");
        assert!(said.contains(fixture.file().to_str().unwrap()), "{said}");
        assert!(!said.contains("0700"), "{said}");
    }
}
