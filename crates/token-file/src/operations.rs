//! The operations of the store, each in a thread that may block.

use std::time::Duration;

use async_trait::async_trait;
use token_core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed,
    StoreError, TokenStore,
};
use token_core::{Generation, TokenKey};

use crate::call::{Call, Caller};
use crate::failure;
use crate::lease::live;
use crate::page::Kept;
use crate::place::Place;
use crate::private;
use crate::stamp::Stamp;
use crate::steps::WriteStep;
use crate::store::{FileStore, Parents};
use crate::turn::{Turn, Waited};
use crate::unfinished::complete;
use crate::write::{save_note, save_token};

impl FileStore {
    /// Acts on the files of a key in a thread that may block, without the lock.
    pub(crate) async fn at_files<T: Send + 'static>(
        &self,
        key: &TokenKey,
        act: impl FnOnce(&Self, &Place, &Call) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, key) = (self.clone(), key.clone());
        let caller = Caller::default();
        let call = caller.call(self.patience);
        let acting = tokio::task::spawn_blocking(move || act(&store, &store.place(&key)?, &call));
        let stopped = |_| {
            Err(StoreError::new(
                "the runtime ended before the token file was read or written",
            ))
        };
        let done = acting.await.unwrap_or_else(stopped);
        drop(caller);
        done
    }

    fn place(&self, key: &TokenKey) -> Result<Place, StoreError> {
        let place = Place::of(&self.directory, key)?;
        match self.parents {
            Parents::Warned => Ok(place),
            Parents::Refused => private::parents(place.directory()).map(|()| place),
        }
    }

    /// The same, as the only one on this machine. What a process that died left half done is not
    /// looked at: leases do not need it.
    async fn in_turn<T: Send + 'static>(
        &self,
        key: &TokenKey,
        act: impl FnOnce(&Self, &Place, &Turn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acting = self.at_files(key, |store, place, call| {
            let turn = Turn::take(place, &store.steps, call)?;
            let done = act(store, place, &turn)?;
            store.checked(place, done)
        });
        acting.await
    }

    /// The same, when what a process that died left half done is completed.
    async fn at_page<T: Send + 'static>(
        &self,
        key: &TokenKey,
        act: impl FnOnce(&Self, &Place, &Turn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acting = self.in_turn(key, |store, place, turn| {
            complete(place, &store.steps, turn)?;
            act(store, place, turn)
        });
        acting.await
    }

    /// What was done, unless a test wants it to fail after all.
    fn checked<T>(&self, place: &Place, done: T) -> Result<T, StoreError> {
        let checked = self.steps.before(WriteStep::Done);
        checked.map_err(|error| failure::writing(place.file(), &error))?;
        Ok(done)
    }

    /// Whether another owner has the lease.
    fn busy(&self, place: &Place, owner: &Owner) -> Result<Option<Acquired>, StoreError> {
        match live(place)? {
            Some((holder, left)) if holder != *owner => {
                let entry = self.entry(place)?;
                Ok(Some(Acquired::Busy { left, entry }))
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn entry(&self, place: &Place) -> Result<Entry, StoreError> {
        let page = place.current()?.page;
        page.entry(place.key(), self.sealing.as_deref())
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &TokenKey) -> Result<Entry, StoreError> {
        self.at_files(key, |store, place, _| store.entry(place))
            .await
    }

    async fn acquire(
        &self,
        key: &TokenKey,
        owner: &Owner,
        life: Duration,
    ) -> Result<Acquired, StoreError> {
        let owner = owner.clone();
        self.at_files(key, move |store, place, call| {
            // Many who find the lease taken should not queue for a turn, least of all before its
            // holder.
            let busy = || store.busy(place, &owner);
            let turn = match Turn::take_unless(place, &store.steps, call, busy)? {
                Waited::Instead(busy) => return Ok(busy),
                Waited::Turn(turn) => turn,
            };
            complete(place, &store.steps, &turn)?;
            if let Some(busy) = store.busy(place, &owner)? {
                return Ok(busy);
            }
            let entry = store.entry(place)?;
            store
                .leases
                .write(place, &owner, life, &store.steps, &turn)?;
            store.checked(place, Acquired::Held(entry))
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
        self.in_turn(key, move |store, place, turn| {
            match live(place)? {
                Some((holder, _)) if holder == owner => {
                    store
                        .leases
                        .write(place, &owner, life, &store.steps, turn)?;
                }
                _ => return Ok(Renewed::Lost),
            }
            Ok(Renewed::Held)
        })
        .await
    }

    async fn release(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.in_turn(key, move |store, place, turn| {
            store.leases.release(place, &owner, &store.steps, turn)
        })
        .await
    }

    async fn write_intent(&self, key: &TokenKey, intent: &Intent) -> Result<Intended, StoreError> {
        let intent = intent.clone();
        self.at_page(key, move |store, place, turn| {
            if live(place)?.is_none_or(|(holder, _)| holder != intent.owner) {
                return Ok(Intended::LeaseLost);
            }
            let mut current = place.current()?;
            current.page.intent = Some((intent, Stamp::now()));
            save_note(place, &current.page, current.file, &store.steps, turn)?;
            Ok(Intended::Written)
        })
        .await
    }

    async fn clear_intent(&self, key: &TokenKey, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.at_page(key, move |store, place, turn| {
            let mut current = place.current()?;
            let withdrawn = current
                .page
                .intent
                .take_if(|(intent, _)| intent.owner == owner);
            match withdrawn {
                Some(_) => save_note(place, &current.page, current.file, &store.steps, turn),
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
        self.at_page(key, move |store, place, turn| {
            let current = match condition {
                CommitCondition::Overwrite => place.current_or_blank()?,
                _ => place.current()?,
            };
            let committed = current.page.judge(&condition, &record.id());
            if committed != Committed::Stored {
                return Ok(committed);
            }
            let kept = Kept::of(place.key(), &record, store.sealing.as_deref())?;
            let page = current.page.with(kept);
            save_token(place, &page, current.file, &store.steps, turn)?;
            Ok(committed)
        })
        .await
    }

    async fn tombstone(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.at_page(key, |store, place, turn| {
            // The copy before a file that cannot be read still tells what is removed.
            let current = place.current().or_else(|_| place.current_or_blank())?;
            let removed = current.page.entry(place.key(), store.sealing.as_deref());
            save_note(
                place,
                &current.page.tombstoned(),
                current.file,
                &store.steps,
                turn,
            )?;
            Ok(removed.ok().and_then(|entry| entry.record))
        })
        .await
    }

    async fn warnings(&self) -> Vec<String> {
        let store = self.clone();
        let looking = tokio::task::spawn_blocking(move || private::parents(&store.directory).err());
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
