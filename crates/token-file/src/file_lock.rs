//! The lock of a key's file, which allows one writer at a time, and the call that it is held for.

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

/// How long an operation waits for the lock, counted from its call. Other operations hold it for
/// milliseconds, but a process that is stopped during a write holds it until it is continued or
/// killed, which is reported to the caller. A cache times out a store operation after 5 seconds, so
/// an operation that has not started by then must not start.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// A handle of the waiting caller, which abandons the operation when dropped: an operation that was
/// reported as failed must not be carried out later.
#[derive(Default)]
pub(crate) struct Caller(Arc<AtomicBool>);

/// What the thread that executes an operation knows about its caller.
pub(crate) struct Call {
    is_abandoned: Arc<AtomicBool>,
    /// The latest start of the operation, as the time since the machine started.
    deadline: Duration,
}

impl Caller {
    /// Starts a call now, which may wait for the lock for `timeout`.
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
    /// Returns whether it is too late to start. Time in the queue of blocking threads and suspend
    /// count.
    pub(crate) fn is_late(&self) -> bool {
        since_start() >= self.deadline
    }

    /// Returns whether the caller no longer waits for the outcome.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }
}

/// The held lock of a key. The lock file is never removed: otherwise a process that has it open
/// would hold a different lock than the next one.
pub(crate) struct FileLock<'a> {
    _file: LockedFile,
    call: &'a Call,
}

/// A locked file. It is unlocked explicitly, not only closed, since a child process that is just
/// being spawned has it open too.
pub(crate) struct LockedFile(pub(crate) File);

impl Drop for LockedFile {
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

/// The result of waiting for the lock.
pub(crate) enum Waited<'a, T> {
    Locked(FileLock<'a>),
    /// The lock is no longer needed.
    Instead(T),
}

impl<'a> FileLock<'a> {
    /// Waits for the lock, and creates the directory if it does not exist.
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

    /// Like `acquire`, unless `instead`, which is called before each attempt, returns something.
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

    /// Fails if the caller no longer waits for the operation.
    pub(crate) fn is_wanted(&self) -> Result<(), StoreError> {
        match self.call.is_abandoned() {
            true => Err(StoreError::new(
                "the caller no longer waits for the token file",
            )),
            false => Ok(()),
        }
    }
}

/// Waits for the lock of a file that does not belong to a key.
#[cfg(feature = "keyring")]
pub(crate) fn wait_for(path: &Path, call: &Call) -> Result<LockedFile, StoreError> {
    let open = || create(path).map_err(|error| writing(path, &error));
    in_time(path, call, || try_lock(path, open))
}

/// Retries `attempt` until it is too late.
fn in_time<T>(
    path: &Path,
    call: &Call,
    mut try_it: impl FnMut() -> Result<Option<T>, StoreError>,
) -> Result<T, StoreError> {
    let mut pause = Duration::from_millis(1);
    loop {
        let got = try_it()?;
        // Checked last: a lock that is acquired too late must not be used.
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

/// Returns the lock; `None` if another process holds it or the file was replaced meanwhile.
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

/// Returns options for files that no other user can read.
#[cfg(unix)]
pub(crate) fn for_this_user() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Returns default options: a user's folders are private on Windows.
#[cfg(not(unix))]
pub(crate) fn for_this_user() -> OpenOptions {
    OpenOptions::new()
}

/// Returns whether the path still refers to the lock file, which may have been deleted by a
/// cleanup.
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
