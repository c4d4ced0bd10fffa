//! A temporary directory, and the records that tests put into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed, StoreError};
use token_file::FileStore;
use token_file::test_util::WriteStep;
use token_sealing::{Sealing, SealingKey};
pub(crate) use token_testkit::records::{child_of, fingerprint, intent, key, owner, record};

pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Fixture(PathBuf);

impl Fixture {
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("token-cache-{}-{number}", std::process::id()));
        fs::create_dir(&root).unwrap();
        Self(root)
    }

    /// Returns a fixture whose store contains `record(1)`.
    pub(crate) async fn with_a_record() -> Self {
        let fixture = Self::empty();
        commit(&fixture.store(), &CommitCondition::Overwrite, 1).await;
        fixture
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// Returns the store's directory, which does not exist before the first write.
    pub(crate) fn directory(&self) -> PathBuf {
        self.0.join("tokens")
    }

    /// Returns a new handle.
    pub(crate) fn store(&self) -> FileStore {
        FileStore::at(self.directory())
    }

    /// Returns the path of the record's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory().join(FILE)
    }

    /// Returns what is in the record's file.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.directory().join(format!("{FILE}{ending}"))
    }
}

/// Writes a file with a mode that keeps other users out.
pub(crate) fn put(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    set_mode(path, 0o600);
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_path: &Path, _mode: u32) {}

/// Returns the number of the record in a file that is complete by the hash in its last line; `None`
/// if the file is torn or missing.
pub(crate) fn whole_record(path: &Path) -> Option<u8> {
    let text = fs::read_to_string(path).ok()?;
    let (content, check) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let hash = Sha256::digest(content);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        check,
        format!("sha256:{hash}"),
        "a line that looks like the check"
    );
    content.rsplit_once("body s3cr3t ")?.1.parse().ok()
}

impl Drop for Fixture {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) const FILE: &str = "acme%2fapi.acme.example%2f1.json";

pub(crate) fn sealing() -> Sealing {
    Sealing::with(sealing_key("2026-03", 3))
}

pub(crate) fn sealing_key(id: &str, byte: u8) -> SealingKey {
    SealingKey::new(id, [byte; 32]).unwrap()
}

/// Commits the record with this number.
pub(crate) async fn commit(
    store: &FileStore,
    condition: &CommitCondition,
    number: u8,
) -> Committed {
    let committed = store.commit(&key(), condition, &record(number)).await;
    committed.unwrap()
}

/// Returns whether this owner gets the lease.
pub(crate) async fn takes_lease(store: &FileStore, number: u8) -> bool {
    let acquired = store.acquire(&key(), &owner(number), LONG).await;
    acquired.unwrap().is_held()
}

/// Returns a store that keeps a list of its steps.
pub(crate) fn recording(fixture: &Fixture) -> (FileStore, Arc<Mutex<Vec<WriteStep>>>) {
    let steps = Arc::<Mutex<Vec<_>>>::default();
    let seen = Arc::clone(&steps);
    let store = fixture.store().before_each_step(move |step| {
        seen.lock().unwrap().push(step);
        Ok(())
    });
    (store, steps)
}

/// Returns the number of the stored record, after a check of its body.
pub(crate) async fn stored(store: &FileStore) -> Option<u8> {
    let found = store.load(&key()).await.unwrap().record?;
    let number = u8::try_from(found.generation.number()).unwrap();
    assert_eq!(found.body.expose(), record(number).body.expose());
    assert!(found.fingerprint == record(number).fingerprint);
    Some(number)
}

pub(crate) async fn why_not_loaded(store: &FileStore) -> String {
    error_of(store.load(&key()).await)
}

pub(crate) fn error_of<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(_) => panic!("it worked"),
        Err(error) => error.to_string(),
    }
}
