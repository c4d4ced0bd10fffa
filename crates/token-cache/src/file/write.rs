//! A file is replaced as a whole, or stays as it was.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use token_core::store::StoreError;

use super::directory;
use super::failure::{replacing, writing};
use super::page::Page;
use super::place::{FileState, Place};
use super::steps::{Steps, WriteStep};
use super::text;
use super::turn::{Turn, for_this_user};

/// Writes the page durably. Whatever the moment at which the process dies, the file holds the page before or this one.
pub(super) fn save(
    place: &Place,
    page: &Page,
    there: FileState,
    steps: &Steps,
    _turn: &Turn,
) -> Result<(), StoreError> {
    let text = text::write(page, place.key())?;
    let new = place.beside(".new");
    let saved = write_new(&new, text.expose().as_bytes(), steps)
        .and_then(|file| sync(&file, &new, steps))
        .and_then(|()| keep(place, page, there, steps))
        .and_then(|()| put_in_place(place, &new, steps));
    if saved.is_err() {
        _ = fs::remove_file(&new);
    }
    saved
}

/// Writes a temporary file anew; what a process that died left there is removed.
pub(super) fn write_new(path: &Path, content: &[u8], steps: &Steps) -> Result<File, StoreError> {
    let written = || -> io::Result<File> {
        steps.before(WriteStep::Create)?;
        remove(path)?;
        let mut file = for_this_user()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        let (half, rest) = content.split_at(content.len() / 2);
        steps.before(WriteStep::Write)?;
        file.write_all(half)?;
        steps.before(WriteStep::WriteRest)?;
        file.write_all(rest)?;
        Ok(file)
    };
    written().map_err(|error| writing(path, &error))
}

fn sync(file: &File, path: &Path, steps: &Steps) -> Result<(), StoreError> {
    steps
        .before(WriteStep::Sync)
        .and_then(|()| file.sync_all())
        .map_err(|error| writing(path, &error))
}

/// Gives what is there the name under which it is kept. It has its own too, until the new file takes that.
fn keep(place: &Place, page: &Page, there: FileState, steps: &Steps) -> Result<(), StoreError> {
    let previous = place.previous();
    let kept = || -> io::Result<()> {
        if there == FileState::Unreadable {
            steps.before(WriteStep::KeepPrevious)?;
            second_name(place.file(), &unused_name(place))?;
        }
        // What was read in place of a file that cannot be is still the previous copy. A logout leaves no copy at all.
        if there == FileState::Unreadable && page.tombstone.is_none() {
            return Ok(());
        }
        steps.before(WriteStep::RemovePrevious)?;
        remove(&previous)?;
        if there != FileState::Whole || page.tombstone.is_some() {
            return Ok(());
        }
        steps.before(WriteStep::KeepPrevious)?;
        second_name(place.file(), &previous)
    };
    kept().map_err(|error| writing(&previous, &error))
}

fn put_in_place(place: &Place, new: &Path, steps: &Steps) -> Result<(), StoreError> {
    steps
        .before(WriteStep::Rename)
        .and_then(|()| fs::rename(new, place.file()))
        .map_err(|error| replacing(place.file(), &error))?;
    steps
        .before(WriteStep::SyncDirectory)
        .and_then(|()| directory::sync(place.directory()))
        .map_err(|error| writing(place.directory(), &error))
}

/// A hard link, or a copy where the file system has none.
fn second_name(file: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(file, name) {
        Err(error) if error.kind() != ErrorKind::StorageFull => fs::copy(file, name).map(drop),
        linked => linked,
    }
}

fn unused_name(place: &Place) -> PathBuf {
    let name = |number: u32| place.beside(&format!(".unreadable-{number}"));
    let unused = (1..u32::MAX).map(name).find(|name| !name.exists());
    unused.unwrap_or_else(|| name(u32::MAX))
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
