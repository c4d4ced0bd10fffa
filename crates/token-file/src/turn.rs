//! One writer at a time.

use std::convert::Infallible;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use token_core::store::StoreError;

use crate::call::Call;
use crate::directory;
use crate::failure::writing;
use crate::place::Place;
use crate::steps::{Steps, WriteStep};

/// How long an operation waits for its turn, from the call on. Each of the others needs
/// milliseconds; one that was stopped in the midst of a write holds the lock until it is continued
/// or killed, and that is an error that the caller should hear of. A cache gives up an operation of
/// its store after 5 seconds, so one that has not begun by now is not begun.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);
const LONGEST_NAP: Duration = Duration::from_millis(2);

/// The lock of one key, held. The lock file is never removed: who had it open would then hold
/// another lock than who comes next.
pub(crate) struct Turn<'a> {
    _lock: Locked,
    call: &'a Call,
}

/// A file that is locked. It is unlocked by name, not only closed: a child process that is just
/// being started has it open too.
pub(crate) struct Locked(pub(crate) File);

impl Drop for Locked {
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

/// What came of waiting for a turn.
pub(crate) enum Waited<'a, T> {
    Turn(Turn<'a>),
    /// No turn is needed any more.
    Instead(T),
}

impl<'a> Turn<'a> {
    /// Waits for the lock; makes the directory where it is not there yet.
    pub(crate) fn take(place: &Place, steps: &Steps, call: &'a Call) -> Result<Self, StoreError> {
        match Self::take_unless(place, steps, call, || Ok(None::<Infallible>))? {
            Waited::Turn(turn) => Ok(turn),
            Waited::Instead(never) => match never {},
        }
    }

    /// The same, unless there is something `instead`, which is asked for before each try.
    pub(crate) fn take_unless<T>(
        place: &Place,
        steps: &Steps,
        call: &'a Call,
        mut instead: impl FnMut() -> Result<Option<T>, StoreError>,
    ) -> Result<Waited<'a, T>, StoreError> {
        let path = place.lock();
        let try_it = || {
            if let Some(instead) = instead()? {
                return Ok(Some(Waited::Instead(instead)));
            }
            let lock = try_lock(&path, || open(&path, place, steps))?;
            Ok(lock.map(|lock| Waited::Turn(Self { _lock: lock, call })))
        };
        in_time(&path, call, try_it)
    }

    /// An error where nobody waits for the operation any more.
    pub(crate) fn is_wanted(&self) -> Result<(), StoreError> {
        match self.call.has_left() {
            true => Err(StoreError::new("nobody waits for the token file any more")),
            false => Ok(()),
        }
    }
}

/// Waits for the lock of a file that needs nothing else.
#[cfg(feature = "keyring")]
pub(crate) fn wait_for(path: &Path, call: &Call) -> Result<Locked, StoreError> {
    let open = || create(path).map_err(|error| writing(path, &error));
    in_time(path, call, || try_lock(path, open))
}

/// Tries again and again until it is too late.
fn in_time<T>(
    path: &Path,
    call: &Call,
    mut try_it: impl FnMut() -> Result<Option<T>, StoreError>,
) -> Result<T, StoreError> {
    let mut nap = Duration::from_millis(1);
    loop {
        let got = try_it()?;
        // Asked last: whoever gets the lock too late must not use it.
        if call.is_late() {
            return Err(stuck(path));
        }
        if let Some(got) = got {
            return Ok(got);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(LONGEST_NAP);
    }
}

/// The lock; nothing where another has it, or where the file was replaced meanwhile.
fn try_lock(
    path: &Path,
    open: impl FnOnce() -> Result<File, StoreError>,
) -> Result<Option<Locked>, StoreError> {
    let file = open()?;
    match file.try_lock() {
        Ok(()) => Ok(is_still(&file, path).then_some(Locked(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(writing(path, &error)),
    }
}

fn open(path: &Path, place: &Place, steps: &Steps) -> Result<File, StoreError> {
    let lock = steps
        .before(WriteStep::OpenLock)
        .and_then(|()| create(path));
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
pub(crate) fn for_this_user() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The user's own folders are private to him on Windows.
#[cfg(not(unix))]
pub(crate) fn for_this_user() -> OpenOptions {
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
    StoreError::new("the token file stayed locked for too long: a process that holds it does not go on, or the machine is overloaded")
        .with_detail(path.display().to_string())
}
