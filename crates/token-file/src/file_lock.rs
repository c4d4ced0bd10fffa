//! One writer at a time: the lock of a key's file, and the caller for whom it is held.

use std::convert::Infallible;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use token_core::store::StoreError;

use crate::boot_instant::since_start;
use crate::directory;
use crate::fail_points::{FailPoints, WriteStep};
use crate::failure::writing;
use crate::token_paths::TokenPaths;

/// How long an operation waits for the lock, counted from its call. Every other operation needs
/// milliseconds; a process that was stopped during a write holds the lock until it is continued or
/// killed, and the caller should hear of that. A cache gives up a store's operation after 5
/// seconds, so one that has not begun by now is not begun.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Waits for an operation, and abandons it when dropped: what its caller was told has failed must
/// not be carried out later.
#[derive(Default)]
pub(crate) struct Caller(Arc<AtomicBool>);

/// What the thread that carries out an operation knows of its caller.
pub(crate) struct Call {
    is_abandoned: Arc<AtomicBool>,
    /// The operation must begin before this time since the start of the machine.
    deadline: Duration,
}

impl Caller {
    /// Makes a call now, which may wait for the lock until `timeout`.
    pub(crate) fn call(&self, timeout: Duration) -> Call {
        Call {
            is_abandoned: Arc::clone(&self.0),
            deadline: since_start().saturating_add(timeout),
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Call {
    /// Returns whether it is too late to begin. Time in a queue of threads and suspend count too.
    pub(crate) fn is_late(&self) -> bool {
        since_start() >= self.deadline
    }

    /// Returns whether nobody waits for the outcome any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }
}

/// The lock of one key, held. The lock file is never removed: a process that had it open would then
/// hold another lock than the next one takes.
pub(crate) struct FileLock<'a> {
    _file: LockedFile,
    call: &'a Call,
}

/// A file that is locked. It is unlocked explicitly, not only closed: a child process that is just
/// being started has it open too.
pub(crate) struct LockedFile(pub(crate) File);

impl Drop for LockedFile {
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

/// What came of waiting for the lock.
pub(crate) enum Waited<'a, T> {
    Locked(FileLock<'a>),
    /// The lock is not needed any more.
    Instead(T),
}

impl<'a> FileLock<'a> {
    /// Waits for the lock, and makes the directory if it does not exist yet.
    pub(crate) fn acquire(
        paths: &TokenPaths,
        fail_points: &FailPoints,
        call: &'a Call,
    ) -> Result<Self, StoreError> {
        match Self::acquire_unless(paths, fail_points, call, || Ok(None::<Infallible>))? {
            Waited::Locked(lock) => Ok(lock),
            Waited::Instead(never) => match never {},
        }
    }

    /// Like `acquire`, unless `instead` returns something; it is asked before each attempt.
    pub(crate) fn acquire_unless<T>(
        paths: &TokenPaths,
        fail_points: &FailPoints,
        call: &'a Call,
        mut instead: impl FnMut() -> Result<Option<T>, StoreError>,
    ) -> Result<Waited<'a, T>, StoreError> {
        let path = paths.lock();
        let try_it = || {
            if let Some(instead) = instead()? {
                return Ok(Some(Waited::Instead(instead)));
            }
            let file = try_lock(&path, || open(&path, paths, fail_points))?;
            Ok(file.map(|file| Waited::Locked(Self { _file: file, call })))
        };
        in_time(&path, call, try_it)
    }

    /// Fails if nobody waits for the operation any more.
    pub(crate) fn is_wanted(&self) -> Result<(), StoreError> {
        match self.call.is_abandoned() {
            true => Err(StoreError::new("nobody waits for the token file any more")),
            false => Ok(()),
        }
    }
}

/// Waits for the lock of a file that needs nothing else.
#[cfg(feature = "keyring")]
pub(crate) fn wait_for(path: &Path, call: &Call) -> Result<LockedFile, StoreError> {
    let open = || create(path).map_err(|error| writing(path, &error));
    in_time(path, call, || try_lock(path, open))
}

/// Tries again and again until it is too late.
fn in_time<T>(
    path: &Path,
    call: &Call,
    mut try_it: impl FnMut() -> Result<Option<T>, StoreError>,
) -> Result<T, StoreError> {
    let mut pause = Duration::from_millis(1);
    loop {
        let got = try_it()?;
        // Asked last: a lock that is taken too late must not be used.
        if call.is_late() {
            return Err(stuck(path));
        }
        if let Some(got) = got {
            return Ok(got);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Returns the lock, or nothing if another process has it or the file was replaced meanwhile.
fn try_lock(
    path: &Path,
    open: impl FnOnce() -> Result<File, StoreError>,
) -> Result<Option<LockedFile>, StoreError> {
    let file = open()?;
    match file.try_lock() {
        Ok(()) => Ok(is_still(&file, path).then_some(LockedFile(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(writing(path, &error)),
    }
}

fn open(path: &Path, paths: &TokenPaths, fail_points: &FailPoints) -> Result<File, StoreError> {
    let file = fail_points
        .before(WriteStep::OpenLock)
        .and_then(|()| create(path));
    match file {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            directory::make(paths.directory(), fail_points)?;
            create(path).map_err(|error| writing(path, &error))
        }
        file => file.map_err(|error| writing(path, &error)),
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

/// A user's own folders are private on Windows.
#[cfg(not(unix))]
pub(crate) fn for_this_user() -> OpenOptions {
    OpenOptions::new()
}

/// Returns whether the path still names the lock file: somebody may have tidied up.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let same = || -> io::Result<bool> {
        let (ours, named) = (file.metadata()?, std::fs::metadata(path)?);
        Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino()))
    };
    same().unwrap_or(false)
}

#[cfg(not(unix))]
fn is_still(_file: &File, _path: &Path) -> bool {
    true
}

fn stuck(path: &Path) -> StoreError {
    StoreError::new(
        "the token file stayed locked for too long: a process that holds it does not go on, or \
         the machine is overloaded",
    )
    .with_detail(path.display().to_string())
}
