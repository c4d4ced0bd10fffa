//! The directory of the running simulator: one for each user.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vendor_auth::Secret;

use crate::commands::token::replace;
use crate::config::simulator;
use crate::directory::{self, make_private};
use crate::failure::Failure;

/// How often the lock is tried: other commands hold it for an instant.
const TRIES: u32 = 20;

/// The directory. Dropping it removes the files.
#[derive(Debug)]
pub(super) struct Place {
    directory: PathBuf,
    lock: File,
}

impl Place {
    /// Takes the directory, unless a simulator runs. Files of one that was killed are removed.
    pub(super) async fn take() -> Result<Self, Failure> {
        let directory = simulator::directory()
            .ok_or_else(|| Failure::config("this user has no home directory; set HOME"))?;
        for _ in 0..TRIES {
            if let Some(lock) = locked(&directory).map_err(|error| failure(&directory, &error))? {
                let place = Self { directory, lock };
                place
                    .clear()
                    .map_err(|error| failure(&place.directory, &error))?;
                return Ok(place);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err(Failure::usage(
            "a simulator runs already; `vendor-auth sim status` shows it, and Ctrl-C in its \
             terminal ends it",
        ))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file that only this user can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(name);
        let parent = directory::of_file(&path);
        make_private(parent).map_err(|error| failure(parent, &error))?;
        replace(&path, &Secret::from(text), 0o600)
    }

    /// Removes what an earlier simulator left.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false if entry.file_name() == simulator::LOCK => {}
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left is not taken for a running simulator: the lock goes with this process.
        let cleared = self.clear().is_ok();
        if cleared && is_at(&self.lock, &self.path(simulator::LOCK)) {
            drop(fs::remove_file(self.path(simulator::LOCK)));
            drop(fs::remove_dir(&self.directory));
        }
    }
}

/// Returns the lock, unless another process has it.
fn locked(directory: &Path) -> io::Result<Option<File>> {
    make_private(directory)?;
    let path = directory.join(simulator::LOCK);
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = match options.open(&path) {
        Ok(lock) => lock,
        // A simulator that ends has just removed the directory.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match lock.try_lock() {
        // A simulator that ends removes the file that it has locked.
        Ok(()) => Ok(is_at(&lock, &path).then_some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns whether an open file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let of = |metadata: io::Result<fs::Metadata>| metadata.map(|it| (it.dev(), it.ino())).ok();
    let open = of(file.metadata());
    open.is_some() && open == of(fs::metadata(path))
}

/// An open file cannot be removed here.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::store(format!("{}: {error}", path.display()))
}
