//! A store for the commands, daemons and cron jobs of one machine.

mod bell;
mod directory;
mod failure;
#[cfg(feature = "keyring")]
#[cfg_attr(docsrs, doc(cfg(feature = "keyring")))]
mod keyring;
mod lease;
mod names;
mod page;
mod place;
mod stamp;
mod steps;
mod text;
mod turn;
mod watch;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use token_core::sealing::Sealing;
use token_core::store::{
    Acquired, CommitCondition, Committed, Entry, Intended, Intent, Owner, Record, Renewed, StoreError,
    TokenStore,
};
use token_core::{BuildError, Generation, Key};

use self::lease::{Leases, live};
use self::page::{Kept, Page};
use self::place::Place;
use self::stamp::Stamp;
#[cfg(feature = "test-util")]
pub use self::steps::WriteStep;
#[cfg(not(feature = "test-util"))]
use self::steps::WriteStep;
use self::turn::{Turn, Waited};

/// Keeps tokens in files, one a key, for all processes of one machine. Clones share the leases that they hold.
///
/// ```
/// use token_cache::FileStore;
/// use token_core::sealing::{Sealing, SealingKey};
///
/// let plain = FileStore::in_default_directory("acme-sync")?;
/// # let key_from_your_secret_manager = [7; 32];
/// let sealed = FileStore::at("/var/lib/acme/tokens")
///     .sealed_with(Sealing::with(SealingKey::new("2026-03", key_from_your_secret_manager)?));
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// # What is where
///
/// The directory is made with mode 0700 and every file with 0600; a directory in which other users may write is refused. Beside
/// `<key>.json`, which holds record, intent and tombstone, there are
///
/// * `.json.lock`, locked for the milliseconds of a write and never removed;
/// * `.json.lease`, who may spend the token;
/// * `.json.previous`, the file as it was before the last write (not after a logout);
/// * `.json.unreadable-<n>`, what was found torn or foreign, and kept.
///
/// A file that is a symbolic link is followed, and these lie beside its target. Mount the directory into a container, never a single
/// file: that could not be replaced. Delete the files of a key only while no program uses it.
///
/// # What is promised
///
/// * A write is a temporary file, synced, renamed, and its directory synced. A process that dies at any moment leaves the old record or
///   the new one. Where the disk or another program damaged the file, the copy before it is used, and the damaged one is kept.
/// * Leases are timed by the machine's clock that counts suspend, and end with a reboot. On Unix their owner keeps the lease file locked
///   too, so that the lease of a process that died ends at once, by the kernel; a process that was stopped keeps others waiting for as
///   long as its lease lives. On Windows they end by their time alone, on the wall clock.
/// * Whoever waits for another's commit is told of it by the kernel (inotify) on Linux, and looks every 20 milliseconds elsewhere, or
///   where the kernel has no watch left to give.
///
/// It is for a local disk: network file systems keep neither locks nor renames as they should. Without [`sealed_with`](Self::sealed_with)
/// tokens are plain text that the user and the superuser can read, as SSH keys are.
///
/// It needs a Tokio runtime, in whose blocking threads all I/O runs.
#[derive(Clone)]
pub struct FileStore {
    directory: Arc<Path>,
    sealing: Option<Arc<Sealing>>,
    leases: Arc<Leases>,
    steps: steps::Steps,
}

impl FileStore {
    /// A store in this directory, which is made when something is first written.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        Self {
            directory: directory.into(),
            sealing: None,
            leases: Arc::default(),
            steps: steps::Steps::default(),
        }
    }

    /// A store in `<app_name>/tokens` under the directory for the state of this user's programs: `$XDG_STATE_HOME` or `~/.local/state`
    /// ([XDG](https://specifications.freedesktop.org/basedir-spec/latest/)), `~/Library/Application Support` on Apple's systems,
    /// `%LOCALAPPDATA%` on Windows.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the name has anything but letters, digits, `-`, `_`, `.` and spaces, or the user has no home directory, as
    /// services often have not: use [`at`](Self::at).
    pub fn in_default_directory(app_name: &str) -> Result<Self, BuildError> {
        directory::of_this_user(app_name).map(Self::at)
    }

    /// Encrypts and authenticates the tokens. A record that is not sealed is then refused, so that nobody puts one of his own there: to
    /// change over, log in anew.
    #[must_use]
    pub fn sealed_with(mut self, sealing: Sealing) -> Self {
        self.sealing = Some(Arc::new(sealing));
        self
    }

    /// For tests: calls `ask` before each step of a write, in the thread that writes. An error that it returns is the file system's; it
    /// may also never return.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    #[must_use]
    pub fn asking(mut self, ask: impl Fn(WriteStep) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        self.steps = steps::Steps::asking(ask);
        self
    }

    /// The directory of the files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Acts on the files of a key in a thread that may block, without the lock.
    async fn at_files<T: Send + 'static>(
        &self,
        key: &Key,
        act: impl FnOnce(&Self, &Place) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, key) = (self.clone(), key.clone());
        let acting = tokio::task::spawn_blocking(move || act(&store, &Place::of(&store.directory, &key)?));
        let stopped = |_| {
            Err(StoreError::new(
                "the runtime ended before the token file was read or written",
            ))
        };
        acting.await.unwrap_or_else(stopped)
    }

    /// The same, as the only one on this machine.
    async fn in_turn<T: Send + 'static>(
        &self,
        key: &Key,
        act: impl FnOnce(&Self, &Place, &Turn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acting = self.at_files(key, |store, place| {
            let turn = Turn::take(place, &store.steps)?;
            let done = act(store, place, &turn)?;
            store.checked(place, done)
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

    fn entry(&self, place: &Place) -> Result<Entry, StoreError> {
        let page = place.current()?.page;
        page.entry(place.key(), self.sealing.as_deref())
    }

    fn save(
        &self,
        place: &Place,
        page: &Page,
        there: place::FileState,
        turn: &Turn,
    ) -> Result<(), StoreError> {
        write::save(place, page, there, &self.steps, turn)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.directory)
            .field(
                "sealed by",
                &self.sealing.as_ref().map(|sealing| sealing.key_id()),
            )
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &Key) -> Result<Entry, StoreError> {
        self.at_files(key, Self::entry).await
    }

    async fn acquire(&self, key: &Key, owner: &Owner, life: Duration) -> Result<Acquired, StoreError> {
        let owner = owner.clone();
        self.at_files(key, move |store, place| {
            // Many who find the lease taken should not queue for a turn, least of all before its holder.
            let turn = match Turn::take_unless(place, &store.steps, || store.busy(place, &owner))? {
                Waited::Instead(busy) => return Ok(busy),
                Waited::Turn(turn) => turn,
            };
            if let Some(busy) = store.busy(place, &owner)? {
                return Ok(busy);
            }
            let entry = store.entry(place)?;
            store.leases.write(place, &owner, life, &store.steps, &turn)?;
            store.checked(place, Acquired::Held(entry))
        })
        .await
    }

    async fn renew(&self, key: &Key, owner: &Owner, life: Duration) -> Result<Renewed, StoreError> {
        let owner = owner.clone();
        self.in_turn(key, move |store, place, turn| {
            match live(place)? {
                Some((holder, _)) if holder == owner => {
                    store.leases.write(place, &owner, life, &store.steps, turn)?;
                }
                _ => return Ok(Renewed::Lost),
            }
            Ok(Renewed::Held)
        })
        .await
    }

    async fn release(&self, key: &Key, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.in_turn(key, move |store, place, turn| {
            store.leases.release(place, &owner, &store.steps, turn)
        })
        .await
    }

    async fn intend(&self, key: &Key, intent: &Intent) -> Result<Intended, StoreError> {
        let intent = intent.clone();
        self.in_turn(key, move |store, place, turn| {
            if live(place)?.is_none_or(|(holder, _)| holder != intent.owner) {
                return Ok(Intended::LeaseLost);
            }
            let mut current = place.current()?;
            current.page.intent = Some((intent, Stamp::now()));
            store.save(place, &current.page, current.file, turn)?;
            Ok(Intended::Written)
        })
        .await
    }

    async fn withdraw(&self, key: &Key, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.in_turn(key, move |store, place, turn| {
            let mut current = place.current()?;
            let withdrawn = current.page.intent.take_if(|(intent, _)| intent.owner == owner);
            match withdrawn {
                Some(_) => store.save(place, &current.page, current.file, turn),
                None => Ok(()),
            }
        })
        .await
    }

    async fn commit(
        &self,
        key: &Key,
        condition: &CommitCondition,
        record: &Record,
    ) -> Result<Committed, StoreError> {
        let (condition, record) = (condition.clone(), record.clone());
        self.in_turn(key, move |store, place, turn| {
            let current = match condition {
                CommitCondition::Overwrite => place.current_or_blank()?,
                _ => place.current()?,
            };
            let committed = current.page.judge(&condition, &record.id());
            if committed != Committed::Stored {
                return Ok(committed);
            }
            let kept = Kept::of(place.key(), &record, store.sealing.as_deref())?;
            store.save(place, &current.page.with(kept), current.file, turn)?;
            Ok(committed)
        })
        .await
    }

    async fn tombstone(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.in_turn(key, |store, place, turn| {
            // The copy before a file that cannot be read still tells what is removed.
            let current = place.current().or_else(|_| place.current_or_blank())?;
            let removed = current.page.entry(place.key(), store.sealing.as_deref());
            store.save(place, &current.page.tombstoned(), current.file, turn)?;
            Ok(removed.ok().and_then(|entry| entry.record))
        })
        .await
    }

    async fn changed(&self, key: &Key, seen: Option<Generation>, at_most: Duration) -> Option<Entry> {
        self.until_changed(key, seen, at_most).await
    }
}
