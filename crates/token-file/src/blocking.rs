//! How an operation accesses the files: on a blocking thread, with the lock, after recovery.

use std::path::Path;

use token_core::TokenKey;
use token_core::store::{Entry, StoreError};

use crate::current::Current;
use crate::fail_points::WriteStep;
use crate::failure;
use crate::file_lock::{Call, Caller, FileLock};
use crate::permissions;
use crate::store::{ExposedParents, FileStore};
use crate::token_paths::TokenPaths;
use crate::unfinished::complete;

impl FileStore {
    /// Runs `act` on a blocking thread, without the lock.
    pub(crate) async fn with_paths<T: Send + 'static>(
        &self,
        key: &TokenKey,
        act: impl FnOnce(&Self, &TokenPaths, &Call) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, key) = (self.clone(), key.clone());
        let caller = Caller::default();
        let call = caller.call(self.lock_timeout);
        let done = on_a_thread(move || act(&store, &store.paths(&key)?, &call)).await;
        drop(caller);
        done
    }

    /// Runs `act` on a blocking thread, after a check of the directory.
    pub(crate) async fn with_directory<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        on_a_thread(move || {
            store.check_parents(&store.directory)?;
            act(&store.directory)
        })
        .await
    }

    fn paths(&self, key: &TokenKey) -> Result<TokenPaths, StoreError> {
        let paths = TokenPaths::of(&self.directory, key)?;
        self.check_parents(paths.directory()).map(|()| paths)
    }

    fn check_parents(&self, directory: &Path) -> Result<(), StoreError> {
        match self.exposed_parents {
            ExposedParents::Warn => Ok(()),
            ExposedParents::Refuse => permissions::check_parents(directory),
        }
    }

    /// Runs `act` with the lock. An unfinished write is not completed, since leases do not need
    /// that.
    pub(crate) async fn with_lock<T, F>(&self, key: &TokenKey, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Self, &TokenPaths, &FileLock<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let acting = self.with_paths(key, |store, paths, call| {
            let lock = FileLock::acquire(paths, &store.fail_points, call)?;
            let done = act(store, paths, &lock)?;
            store.checked(paths, done)
        });
        acting.await
    }

    /// Like `with_lock`, but first completes a write that a killed process left unfinished.
    pub(crate) async fn with_recovered_file<T, F>(
        &self,
        key: &TokenKey,
        act: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Self, &TokenPaths, &FileLock<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let acting = self.with_lock(key, |store, paths, lock| {
            complete(paths, &store.fail_points, lock)?;
            act(store, paths, lock)
        });
        acting.await
    }

    /// Returns `done`, unless a test makes the operation fail at the end.
    pub(crate) fn checked<T>(&self, paths: &TokenPaths, done: T) -> Result<T, StoreError> {
        let checked = self.fail_points.before(WriteStep::Done);
        checked.map_err(|error| failure::writing(paths.file(), &error))?;
        Ok(done)
    }

    pub(crate) fn entry(&self, paths: &TokenPaths) -> Result<Entry, StoreError> {
        let contents = Current::read(paths)?.contents;
        contents.entry(paths.key(), self.sealing.as_deref())
    }
}

async fn on_a_thread<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let acting = tokio::task::spawn_blocking(act);
    acting.await.unwrap_or_else(|_| {
        Err(StoreError::new(
            "the runtime ended before the token file was read or written",
        ))
    })
}
