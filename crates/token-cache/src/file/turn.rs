//! One writer at a time.

use std::convert::Infallible;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use token_core::store::StoreError;

use super::directory;
use super::failure::writing;
use super::place::Place;
use super::steps::{Steps, WriteStep};

/// How long a writer waits for the others. Each needs milliseconds; one that was stopped in the midst of a write holds the lock until it
/// is continued or killed, and that is an error that the caller should hear of.
const PATIENCE: Duration = Duration::from_secs(4);
const LONGEST_NAP: Duration = Duration::from_millis(2);

/// The lock of one key, held. The lock file is never removed: who had it open would then hold another lock than who comes next.
pub(super) struct Turn {
    _lock: Locked,
}

/// A file that is locked. It is unlocked by name, not only closed: a child process that is just being started has it open too.
pub(super) struct Locked(pub(super) File);

impl Drop for Locked {
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

/// What came of waiting for a turn.
pub(super) enum Waited<T> {
    Turn(Turn),
    /// No turn is needed any more.
    Instead(T),
}

impl Turn {
    /// Waits for the lock; makes the directory where it is not there yet.
    pub(super) fn take(place: &Place, steps: &Steps) -> Result<Self, StoreError> {
        match Self::take_unless(place, steps, || Ok(None::<Infallible>))? {
            Waited::Turn(turn) => Ok(turn),
            Waited::Instead(never) => match never {},
        }
    }

    /// The same, unless there is something `instead`, which is asked for before each try.
    pub(super) fn take_unless<T>(
        place: &Place,
        steps: &Steps,
        mut instead: impl FnMut() -> Result<Option<T>, StoreError>,
    ) -> Result<Waited<T>, StoreError> {
        let path = place.beside(".lock");
        let mut waited = Duration::ZERO;
        let mut nap = Duration::from_millis(1);
        loop {
            if let Some(instead) = instead()? {
                return Ok(Waited::Instead(instead));
            }
            let lock = open(&path, place, steps)?;
            match lock.try_lock() {
                Ok(()) if is_still(&lock, &path) => {
                    return Ok(Waited::Turn(Self { _lock: Locked(lock) }));
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if waited >= PATIENCE => return Err(stuck(&path)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(writing(&path, &error)),
            }
            std::thread::sleep(nap);
            waited += nap;
            nap = (nap * 2).min(LONGEST_NAP);
        }
    }
}

fn open(path: &Path, place: &Place, steps: &Steps) -> Result<File, StoreError> {
    let lock = steps.before(WriteStep::OpenLock).and_then(|()| create(path));
    match lock {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            directory::make(place.directory(), steps)?;
            create(path).map_err(|error| writing(path, &error))
        }
        lock => lock.map_err(|error| writing(path, &error)),
    }
}

fn create(path: &Path) -> io::Result<File> {
    for_this_user()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Options for files that no other user can read.
#[cfg(unix)]
pub(super) fn for_this_user() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The user's own folders are private to him on Windows.
#[cfg(not(unix))]
pub(super) fn for_this_user() -> OpenOptions {
    OpenOptions::new()
}

/// Whether the lock file is still the one of this name: somebody may have tidied up.
#[cfg(unix)]
fn is_still(lock: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let same = || -> io::Result<bool> {
        let (ours, named) = (lock.metadata()?, std::fs::metadata(path)?);
        Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino()))
    };
    same().unwrap_or(false)
}

#[cfg(not(unix))]
fn is_still(_lock: &File, _path: &Path) -> bool {
    true
}

fn stuck(path: &Path) -> StoreError {
    StoreError::new("the token file is locked by a process that does not go on; continue or end it")
        .with_detail(path.display().to_string())
}
