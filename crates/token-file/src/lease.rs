//! The lease to spend a key's token: its owner, its time, and whether that process is alive.
//!
//! A lease is a small file. It ends if its owner removes it, if it expires by a clock that all
//! processes of the machine share, or if its owner dies. The last is detected by a lock: the owner
//! keeps the lease file locked, and the kernel releases the lock with the process. So a killed
//! process blocks nobody, and a stopped one blocks others no longer than until the lease expires.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use token_core::store::{Owner, StoreError};

use crate::boot_instant::BootInstant;
use crate::fail_points::{FailPoints, WriteStep};
use crate::failure::{reading, unreadable, writing};
use crate::file_lock::{FileLock, LockedFile};
use crate::token_paths::TokenPaths;
use crate::write::{remove, write_new};

/// The leases that a store holds, with their open, locked files.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<PathBuf, (Owner, LockedFile)>>);

#[derive(Serialize, Deserialize)]
struct Written {
    owner: String,
    taken: BootInstant,
    /// Milliseconds.
    life: u64,
}

impl Leases {
    /// Writes a lease for this owner, replacing any other. It need not be durable: a reboot ends
    /// every lease.
    pub(crate) fn write(
        &self,
        paths: &TokenPaths,
        owner: &Owner,
        life: Duration,
        fail_points: &FailPoints,
        lock: &FileLock<'_>,
    ) -> Result<(), StoreError> {
        let written = Written {
            owner: owner.as_str().to_owned(),
            taken: BootInstant::now(),
            life: u64::try_from(life.as_millis()).unwrap_or(u64::MAX),
        };
        let content = serde_json::to_vec(&written)
            .map_err(|_| StoreError::new("the lease could not be serialized"))?;
        let (path, new) = (paths.lease(), paths.beside(".lease.new"));
        // A temporary file of a process that died is not needed.
        remove(&new).map_err(|error| writing(&new, &error))?;
        let file = write_new(&new, &content, fail_points)?;
        let in_place = mark_alive(&file)
            .and_then(|()| fail_points.before(WriteStep::Rename))
            .map_err(|error| writing(&path, &error))
            .and_then(|()| lock.is_wanted())
            .and_then(|()| fs::rename(&new, &path).map_err(|error| writing(&path, &error)));
        if let Err(error) = in_place {
            _ = fs::remove_file(&new);
            return Err(error);
        }
        self.held().insert(path, (owner.clone(), LockedFile(file)));
        Ok(())
    }

    /// Removes the lease if this owner holds it.
    pub(crate) fn release(
        &self,
        paths: &TokenPaths,
        owner: &Owner,
        fail_points: &FailPoints,
        _lock: &FileLock<'_>,
    ) -> Result<(), StoreError> {
        let path = paths.lease();
        if live(paths)?.is_some_and(|(holder, _)| holder == *owner) {
            fail_points
                .before(WriteStep::RemoveLease)
                .and_then(|()| remove(&path))
                .map_err(|error| writing(&path, &error))?;
        }
        let mut held = self.held();
        if held.get(&path).is_some_and(|(holder, _)| holder == owner) {
            held.remove(&path);
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<PathBuf, (Owner, LockedFile)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the owner of the lease and its remaining time; `None` if it is free. Without the lock,
/// the owner may have changed since.
pub(crate) fn live(paths: &TokenPaths) -> Result<Option<(Owner, Duration)>, StoreError> {
    let path = paths.lease();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(reading(&path, &error)),
    };
    if !owner_lives(&file, &path)? {
        return Ok(None);
    }
    let written = read(file, &path)?;
    let age = written.taken.age_in_this_boot(&BootInstant::now());
    let left = age.and_then(|age| Duration::from_millis(written.life).checked_sub(age));
    let left = left.filter(|left| !left.is_zero());
    Ok(left.map(|left| (Owner::named(written.owner), left)))
}

fn read(file: File, path: &Path) -> Result<Written, StoreError> {
    const LONGEST: u64 = 4096;
    let mut content = Vec::new();
    file.take(LONGEST)
        .read_to_end(&mut content)
        .map_err(|error| reading(path, &error))?;
    serde_json::from_slice(&content).map_err(|_| {
        unreadable(
            path,
            "another program wrote the lease file: remove it while no program uses the token",
        )
    })
}

/// Locks the file for as long as the owner lives. The lock of a new file is free.
#[cfg(unix)]
fn mark_alive(file: &File) -> std::io::Result<()> {
    Ok(file.try_lock()?)
}

/// Returns whether the owner of a lease is alive. The check takes a shared lock, so that concurrent
/// checks do not mistake each other for the owner.
#[cfg(unix)]
fn owner_lives(file: &File, path: &Path) -> Result<bool, StoreError> {
    use std::fs::TryLockError;

    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(reading(path, &error)),
    }
}

/// On Windows, only its owner can read a locked file, so leases only end by their time.
#[cfg(not(unix))]
fn mark_alive(_file: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn owner_lives(_file: &File, _path: &Path) -> Result<bool, StoreError> {
    Ok(true)
}
