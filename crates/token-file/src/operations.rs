//! The operations of the store, each on a blocking thread.

use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, DueCursor, DuePage, Entry, Intended, Intent, Owner,
    Record, Renewed, StoreError, TokenStore,
};
use token_core::{Generation, Timestamp, TokenKey};

use crate::boot_instant::BootInstant;
use crate::current::Current;
use crate::due::Query;
use crate::file_lock::{FileLock, Waited};
use crate::lease::live;
use crate::permissions;
use crate::store::FileStore;
use crate::token_file::StoredRecord;
use crate::token_paths::TokenPaths;
use crate::unfinished::complete;
use crate::write::{save_note, save_token};

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.with_paths(key, |store, paths, _| store.entry(paths))
            .await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let owner = owner.clone();
        self.with_paths(key, move |store, paths, call| {
            // Without the lock, so that waiters do not queue for it, least of all before the
            // lease's owner.
            let busy_now = || busy(store, paths, &owner);
            let lock = match FileLock::acquire_unless(paths, &store.fail_points, call, busy_now)? {
                Waited::Instead(busy) => return Ok(busy),
                Waited::Locked(lock) => lock,
            };
            complete(paths, &store.fail_points, &lock)?;
            if let Some(busy) = busy(store, paths, &owner)? {
                return Ok(busy);
            }
            let entry = store.entry(paths)?;
            store
                .leases
                .write(paths, &owner, life, &store.fail_points, &lock)?;
            store.checked(paths, Acquired::Held(entry))
        })
        .await
    }

    async fn renew(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Renewed, StoreError> {
        let owner = owner.clone();
        self.with_lock(key, move |store, paths, lock| {
            match live(paths)? {
                Some((holder, _)) if holder == owner => {
                    store
                        .leases
                        .write(paths, &owner, life, &store.fail_points, lock)?;
                }
                _ => return Ok(Renewed::Lost),
            }
            Ok(Renewed::Held)
        })
        .await
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.with_lock(key, move |store, paths, lock| {
            store
                .leases
                .release(paths, &owner, &store.fail_points, lock)
        })
        .await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        let intent = intent.clone();
        self.with_recovered_file(key, move |store, paths, lock| {
            if live(paths)?.is_none_or(|(holder, _)| holder != intent.owner) {
                return Ok(Intended::LeaseLost);
            }
            let mut current = Current::read(paths)?;
            current.contents.intent = Some((intent, BootInstant::now()));
            save_note(
                paths,
                &current.contents,
                current.state,
                &store.fail_points,
                lock,
            )?;
            Ok(Intended::Written)
        })
        .await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.with_recovered_file(key, move |store, paths, lock| {
            let mut current = Current::read(paths)?;
            let withdrawn = current
                .contents
                .intent
                .take_if(|(intent, _)| intent.owner == owner);
            match withdrawn {
                Some(_) => save_note(
                    paths,
                    &current.contents,
                    current.state,
                    &store.fail_points,
                    lock,
                ),
                None => Ok(()),
            }
        })
        .await
    }

    async fn commit(
        &self,
        key: &TokenKey,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let (condition, record) = (condition.clone(), record.clone());
        self.with_recovered_file(key, move |store, paths, lock| {
            let current = match condition {
                CommitCondition::Overwrite => Current::read_or_blank(paths)?,
                _ => Current::read(paths)?,
            };
            let committed = current.contents.judge(&condition, &record.id());
            if committed != Committed::Stored {
                return Ok(committed);
            }
            let stored = StoredRecord::of(paths.key(), &record, store.sealing.as_deref())?;
            let contents = current.contents.with(stored);
            save_token(paths, &contents, current.state, &store.fail_points, lock)?;
            Ok(committed)
        })
        .await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.with_recovered_file(key, |store, paths, lock| {
            // The previous version of an unreadable file still tells what is removed.
            let current = Current::read(paths).or_else(|_| Current::read_or_blank(paths))?;
            let removed = current
                .contents
                .entry(paths.key(), store.sealing.as_deref());
            save_note(
                paths,
                &current.contents.tombstoned(),
                current.state,
                &store.fail_points,
                lock,
            )?;
            Ok(removed.ok().and_then(|entry| entry.record))
        })
        .await
    }

    async fn due(
        &self,
        before: Timestamp,
        limit: usize,
        after: Option<&DueCursor>,
    ) -> Result<DuePage, StoreError> {
        let query = Query {
            before,
            limit,
            after: after.cloned(),
        };
        self.with_directory(move |directory| query.page(directory))
            .await
    }

    async fn warnings(&self) -> Vec<String> {
        let store = self.clone();
        let looking =
            tokio::task::spawn_blocking(move || permissions::check_parents(&store.directory).err());
        let warning = looking.await.unwrap_or_default();
        warning
            .map(|warning| warning.to_string())
            .into_iter()
            .collect()
    }

    async fn wait_for_change(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        self.until_changed(key, seen, at_most).await
    }
}

/// Returns [`Acquired::Busy`] if another owner holds the lease.
fn busy(
    store: &FileStore,
    paths: &TokenPaths,
    owner: &Owner,
) -> Result<Option<Acquired>, StoreError> {
    match live(paths)? {
        Some((holder, left)) if holder != *owner => {
            let entry = store.entry(paths)?;
            Ok(Some(Acquired::Busy { left, entry }))
        }
        _ => Ok(None),
    }
}
