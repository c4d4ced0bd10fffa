//! The sealing key in the operating system's keyring.

use std::time::Duration;

use keyring_core::{Entry, Error};
use token_core::store::StoreError;
use token_sealing::{Sealing, SealingKey};
use zeroize::Zeroizing;

use crate::directory;
use crate::fail_points::FailPoints;
use crate::file_lock::Caller;
use crate::file_lock::{LockedFile, wait_for};
use crate::permissions;
use crate::store::FileStore;

/// An entry contains one key, so its id only says where it is stored.
const KEY_ID: &str = "keyring";
/// How long another process may take to create the key: the user may have to unlock the keyring.
const PATIENCE: Duration = Duration::from_secs(60);

impl FileStore {
    /// Encrypts and authenticates the tokens with the key in this entry of the operating system's
    /// keyring. If the entry does not exist, it is created with a random key; processes that do so
    /// at the same time use the same key.
    ///
    /// The program selects the keyring with a package for its platform, such as
    /// `zbus-secret-service-keyring-store`, `apple-native-keyring-store` or
    /// `windows-native-keyring-store`:
    ///
    /// ```
    /// use keyring_core::Entry;
    /// use token_file::FileStore;
    ///
    /// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
    /// # keyring_core::set_default_store(keyring_core::mock::Store::new()?);
    /// // once, at the start: keyring_core::set_default_store(…)
    /// let entry = Entry::new("acme-sync", "token store")?;
    /// let store = FileStore::in_default_directory("acme-sync")?.sealed_by_keyring(entry).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the entry is deleted, the records can no longer be decrypted: they are kept, and users
    /// have to log in again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the keyring is locked or cannot be reached, or the entry contains
    /// something other than a key.
    pub async fn sealed_by_keyring(self, entry: Entry) -> Result<Self, StoreError> {
        let store = self.clone();
        let reading = tokio::task::spawn_blocking(move || store.key_of(&entry));
        let stopped = |_| {
            Err(StoreError::new(
                "the runtime ended before the keyring answered",
            ))
        };
        let key = reading.await.unwrap_or_else(stopped)?;
        Ok(self.sealed_with(Sealing::with(key)))
    }

    fn key_of(&self, entry: &Entry) -> Result<SealingKey, StoreError> {
        match entry.get_secret() {
            Err(Error::NoEntry) => {}
            found => return key_from(found),
        }
        let _locked = self.lock_for_making()?;
        match entry.get_secret() {
            Err(Error::NoEntry) => make_key(entry),
            found => key_from(found),
        }
    }

    /// Locks the creation of the key: one process creates it, and the others read it.
    fn lock_for_making(&self) -> Result<LockedFile, StoreError> {
        directory::make(&self.directory, &FailPoints::default())?;
        permissions::check_directory(&self.directory)?;
        let path = self.directory.join("keyring.lock");
        permissions::check_file(&path)?;
        wait_for(&path, &Caller::default().call(PATIENCE))
    }
}

/// Creates the key and reads it back, since a keyring may not have stored it.
fn make_key(entry: &Entry) -> Result<SealingKey, StoreError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key)
        .map_err(|_| StoreError::new("a sealing key could not be generated"))?;
    entry.set_secret(&*key).map_err(failed)?;
    key_from(entry.get_secret())
}

fn key_from(found: Result<Vec<u8>, Error>) -> Result<SealingKey, StoreError> {
    let foreign =
        || StoreError::new("the keyring entry holds no sealing key; it is left unchanged");
    let bytes = Zeroizing::new(found.map_err(failed)?);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| foreign())?;
    SealingKey::new(KEY_ID, key).map_err(|_| foreign())
}

/// Returns the error, with the text of those that cannot contain the secret.
fn failed(error: Error) -> StoreError {
    let failure = StoreError::new("the sealing key could not be read from the keyring");
    match error {
        Error::NoStorageAccess(why) => failure.with_detail(why.to_string()),
        Error::PlatformFailure(why) => failure.with_detail(why.to_string()),
        Error::NoDefaultStore => failure.with_detail("the program has not selected a keyring"),
        _ => failure,
    }
}
