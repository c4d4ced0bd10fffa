//! Recovery of a write that a killed process left behind: its temporary file, complete or torn.
//!
//! A complete one is always the successor of the file. It was written under the lock, from the
//! contents of the file at that time, and nobody has written since, because every owner of the
//! lock completes it before anything else. It may contain the only valid token, so a complete one
//! is never removed. Readers ignore it: without the lock they cannot tell whether its writer is
//! still active.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use token_core::store::StoreError;

use crate::current::{Current, FileState};
use crate::fail_points::{FailPoints, WriteStep};
use crate::failure::writing;
use crate::file_lock::FileLock;
use crate::format::{self, Unusable};
use crate::token_paths::TokenPaths;
use crate::write::{keep_unreadable, put_in_place, remove, sync, unused_name};

/// Completes a write that a killed process left behind.
pub(crate) fn complete(
    paths: &TokenPaths,
    fail_points: &FailPoints,
    _lock: &FileLock<'_>,
) -> Result<(), StoreError> {
    let new = paths.unfinished();
    let Some(content) = format::content(&new)? else {
        return Ok(());
    };
    match format::read(&content, paths.key()) {
        Ok(_) => finish(paths, &new, &content, fail_points),
        Err(Unusable::Torn) => remove_torn(&new, fail_points),
        // The version that wrote it can read it, and it may contain the only valid token.
        Err(newer @ Unusable::Newer) => Err(newer.at(&new)),
        Err(_) => set_aside(paths, &new, fail_points),
    }
}

fn finish(
    paths: &TokenPaths,
    new: &Path,
    content: &[u8],
    fail_points: &FailPoints,
) -> Result<(), StoreError> {
    let file = write_again(new, content, fail_points).map_err(|error| writing(new, &error))?;
    sync(&file, new, fail_points)?;
    if Current::read_or_blank(paths)?.state == FileState::Unreadable {
        keep_unreadable(paths, fail_points)?;
    }
    put_in_place(paths, new, fail_points)
}

/// Overwrites the file with the same bytes. After a failed sync, a kernel may mark pages as clean
/// that never reached the disk, so that another sync would do nothing. A process that dies
/// meanwhile leaves the contents unchanged.
fn write_again(new: &Path, content: &[u8], fail_points: &FailPoints) -> io::Result<File> {
    fail_points.before(WriteStep::WriteAgain)?;
    let mut file = OpenOptions::new().write(true).open(new)?;
    file.write_all(content)?;
    Ok(file)
}

fn remove_torn(new: &Path, fail_points: &FailPoints) -> Result<(), StoreError> {
    let removed = fail_points
        .before(WriteStep::RemoveTorn)
        .and_then(|()| remove(new));
    removed.map_err(|error| writing(new, &error))
}

/// Keeps a file that is not this key's under another name.
fn set_aside(paths: &TokenPaths, new: &Path, fail_points: &FailPoints) -> Result<(), StoreError> {
    let aside = fail_points
        .before(WriteStep::KeepUnreadable)
        .and_then(|()| fs::rename(new, unused_name(paths)));
    aside.map_err(|error| writing(new, &error))
}
