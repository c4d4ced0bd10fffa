//! Atomic writes: a file is replaced as a whole, or remains unchanged.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use token_core::store::StoreError;

use crate::current::FileState;
use crate::directory;
use crate::fail_points::{FailPoints, WriteStep};
use crate::failure::{replacing, writing};
use crate::file_lock::{FileLock, for_this_user};
use crate::format;
use crate::token_file::TokenFile;
use crate::token_paths::TokenPaths;

/// Writes a new token durably. If the process dies, the file has its previous or these contents;
/// once the temporary file is complete, these: if anything fails after that, the next owner of the
/// lock completes the write.
pub(crate) fn save_token(
    paths: &TokenPaths,
    contents: &TokenFile,
    there: FileState,
    fail_points: &FailPoints,
    _lock: &FileLock<'_>,
) -> Result<(), StoreError> {
    let new = paths.unfinished();
    let file = write_contents(paths, contents, there, fail_points)?;
    sync(&file, &new, fail_points)?;
    put_in_place(paths, &new, fail_points)
}

/// Writes contents without a new token durably: an intent or a tombstone. A failed write is undone,
/// so that it does not take effect after it was reported as failed.
pub(crate) fn save_note(
    paths: &TokenPaths,
    contents: &TokenFile,
    there: FileState,
    fail_points: &FailPoints,
    lock: &FileLock<'_>,
) -> Result<(), StoreError> {
    let new = paths.unfinished();
    let file = write_contents(paths, contents, there, fail_points)?;
    let saved = sync(&file, &new, fail_points)
        .and_then(|()| lock.is_wanted())
        .and_then(|()| put_in_place(paths, &new, fail_points));
    if saved.is_err() {
        discard(&file, &new);
    }
    saved
}

/// Writes the temporary file without a sync.
fn write_contents(
    paths: &TokenPaths,
    contents: &TokenFile,
    there: FileState,
    fail_points: &FailPoints,
) -> Result<File, StoreError> {
    keep_old(paths, contents, there, fail_points)?;
    let content = format::write(contents, paths.key())?;
    write_new(
        &paths.unfinished(),
        content.expose().as_bytes(),
        fail_points,
    )
}

/// Writes a new file, and removes it if that fails halfway.
pub(crate) fn write_new(
    path: &Path,
    content: &[u8],
    fail_points: &FailPoints,
) -> Result<File, StoreError> {
    let create = || -> io::Result<File> {
        fail_points.before(WriteStep::Create)?;
        for_this_user()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
    };
    let mut file = create().map_err(|error| writing(path, &error))?;
    let mut write = || -> io::Result<()> {
        let (half, rest) = content.split_at(content.len() / 2);
        fail_points.before(WriteStep::Write)?;
        file.write_all(half)?;
        fail_points.before(WriteStep::WriteRest)?;
        file.write_all(rest)
    };
    match write() {
        Ok(()) => Ok(file),
        Err(error) => {
            discard(&file, path);
            Err(writing(path, &error))
        }
    }
}

/// Truncates and removes a file, since one that cannot be removed must not be complete.
fn discard(file: &File, path: &Path) {
    _ = file.set_len(0);
    _ = fs::remove_file(path);
}

pub(crate) fn sync(file: &File, path: &Path, fail_points: &FailPoints) -> Result<(), StoreError> {
    fail_points
        .before(WriteStep::Sync)
        .and_then(|()| file.sync_all())
        .map_err(|error| writing(path, &error))
}

/// Links the existing file to the name under which it is kept, before it is replaced. For a refresh
/// this is done with the intent, before the request is sent, so that a new token is written with as
/// few steps as possible.
fn keep_old(
    paths: &TokenPaths,
    contents: &TokenFile,
    there: FileState,
    fail_points: &FailPoints,
) -> Result<(), StoreError> {
    if there == FileState::Unreadable {
        keep_unreadable(paths, fail_points)?;
    }
    // A logout leaves no copy.
    if contents.tombstone.is_some() {
        return remove_previous(paths, fail_points);
    }
    match there {
        FileState::Missing => remove_previous(paths, fail_points),
        FileState::Whole => keep_previous(paths, fail_points),
        // The copy that was read instead of the unreadable file remains the previous copy.
        FileState::Copied | FileState::Unreadable => Ok(()),
    }
}

/// Links an unreadable file to a name under which it is kept.
pub(crate) fn keep_unreadable(
    paths: &TokenPaths,
    fail_points: &FailPoints,
) -> Result<(), StoreError> {
    let name = unused_name(paths);
    fail_points
        .before(WriteStep::KeepUnreadable)
        .and_then(|()| second_name(paths.file(), &name))
        .map_err(|error| writing(&name, &error))
}

fn keep_previous(paths: &TokenPaths, fail_points: &FailPoints) -> Result<(), StoreError> {
    remove_previous(paths, fail_points)?;
    let previous = paths.previous();
    fail_points
        .before(WriteStep::KeepPrevious)
        .and_then(|()| second_name(paths.file(), &previous))
        .map_err(|error| writing(&previous, &error))
}

fn remove_previous(paths: &TokenPaths, fail_points: &FailPoints) -> Result<(), StoreError> {
    let previous = paths.previous();
    fail_points
        .before(WriteStep::RemovePrevious)
        .and_then(|()| remove(&previous))
        .map_err(|error| writing(&previous, &error))
}

pub(crate) fn put_in_place(
    paths: &TokenPaths,
    new: &Path,
    fail_points: &FailPoints,
) -> Result<(), StoreError> {
    fail_points
        .before(WriteStep::Rename)
        .and_then(|()| fs::rename(new, paths.file()))
        .map_err(|error| replacing(paths.file(), &error))?;
    fail_points
        .before(WriteStep::SyncDirectory)
        .and_then(|()| directory::sync(paths.directory()))
        .map_err(|error| writing(paths.directory(), &error))
}

/// Creates a hard link, or a copy if the file system does not support links.
fn second_name(file: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(file, name) {
        Err(error) if error.kind() != ErrorKind::StorageFull => fs::copy(file, name).map(drop),
        linked => linked,
    }
}

pub(crate) fn unused_name(paths: &TokenPaths) -> PathBuf {
    let name = |number: u32| paths.beside(&format!(".unreadable-{number}"));
    let unused = (1..u32::MAX).map(name).find(|name| !name.exists());
    unused.unwrap_or_else(|| name(u32::MAX))
}

/// Removes a file, which may already be gone.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
