//! A file is replaced as a whole, or stays as it was.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use token_core::store::StoreError;

use crate::directory;
use crate::failure::{replacing, writing};
use crate::page::Page;
use crate::place::{FileState, Place};
use crate::steps::{Steps, WriteStep};
use crate::text;
use crate::turn::{Turn, for_this_user};

/// Writes a page with a new token durably. Whatever the moment at which the process dies, the file
/// holds the page before or this one; and once the temporary file is whole, this one: where
/// anything fails after that, it stays for whoever has the next turn.
pub(crate) fn save_token(
    place: &Place,
    page: &Page,
    there: FileState,
    steps: &Steps,
    _turn: &Turn<'_>,
) -> Result<(), StoreError> {
    let new = place.unfinished();
    let file = write_page(place, page, there, steps)?;
    sync(&file, &new, steps)?;
    put_in_place(place, &new, steps)
}

/// Writes a page with the same token durably, or with none: an intent, a tombstone. Where it fails
/// it is taken back, so that it is not carried out after its caller was told so.
pub(crate) fn save_note(
    place: &Place,
    page: &Page,
    there: FileState,
    steps: &Steps,
    turn: &Turn<'_>,
) -> Result<(), StoreError> {
    let new = place.unfinished();
    let file = write_page(place, page, there, steps)?;
    let saved = sync(&file, &new, steps)
        .and_then(|()| turn.is_wanted())
        .and_then(|()| put_in_place(place, &new, steps));
    if saved.is_err() {
        take_back(&file, &new);
    }
    saved
}

/// The temporary file, whole and not synced yet.
fn write_page(
    place: &Place,
    page: &Page,
    there: FileState,
    steps: &Steps,
) -> Result<File, StoreError> {
    keep(place, page, there, steps)?;
    let content = text::write(page, place.key())?;
    write_new(&place.unfinished(), content.expose().as_bytes(), steps)
}

/// Writes a file that is not there yet; half of one is removed.
pub(crate) fn write_new(path: &Path, content: &[u8], steps: &Steps) -> Result<File, StoreError> {
    let create = || -> io::Result<File> {
        steps.before(WriteStep::Create)?;
        for_this_user()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
    };
    let mut file = create().map_err(|error| writing(path, &error))?;
    let mut write = || -> io::Result<()> {
        let (half, rest) = content.split_at(content.len() / 2);
        steps.before(WriteStep::Write)?;
        file.write_all(half)?;
        steps.before(WriteStep::WriteRest)?;
        file.write_all(rest)
    };
    match write() {
        Ok(()) => Ok(file),
        Err(error) => {
            take_back(&file, path);
            Err(writing(path, &error))
        }
    }
}

/// Empty first: a file that cannot be removed must not be whole.
fn take_back(file: &File, path: &Path) {
    _ = file.set_len(0);
    _ = fs::remove_file(path);
}

pub(crate) fn sync(file: &File, path: &Path, steps: &Steps) -> Result<(), StoreError> {
    steps
        .before(WriteStep::Sync)
        .and_then(|()| file.sync_all())
        .map_err(|error| writing(path, &error))
}

/// Gives what is there the name under which it is kept. It has its own too, until the new file
/// takes that. It is done first, so that nothing but the disk stands between a token and its file;
/// and with the intent, before the vendor is asked, so that it need not be done again when the
/// answer is there.
fn keep(place: &Place, page: &Page, there: FileState, steps: &Steps) -> Result<(), StoreError> {
    if there == FileState::Unreadable {
        keep_unreadable(place, steps)?;
    }
    // A logout leaves no copy at all.
    if page.tombstone.is_some() {
        return remove_previous(place, steps);
    }
    match there {
        FileState::Missing => remove_previous(place, steps),
        FileState::Whole => keep_previous(place, steps),
        // What was read in place of a file that cannot be is still the previous copy.
        FileState::Copied | FileState::Unreadable => Ok(()),
    }
}

/// Gives a file that cannot be read a second name, under which it stays.
pub(crate) fn keep_unreadable(place: &Place, steps: &Steps) -> Result<(), StoreError> {
    let name = unused_name(place);
    steps
        .before(WriteStep::KeepUnreadable)
        .and_then(|()| second_name(place.file(), &name))
        .map_err(|error| writing(&name, &error))
}

fn keep_previous(place: &Place, steps: &Steps) -> Result<(), StoreError> {
    remove_previous(place, steps)?;
    let previous = place.previous();
    steps
        .before(WriteStep::KeepPrevious)
        .and_then(|()| second_name(place.file(), &previous))
        .map_err(|error| writing(&previous, &error))
}

fn remove_previous(place: &Place, steps: &Steps) -> Result<(), StoreError> {
    let previous = place.previous();
    steps
        .before(WriteStep::RemovePrevious)
        .and_then(|()| remove(&previous))
        .map_err(|error| writing(&previous, &error))
}

pub(crate) fn put_in_place(place: &Place, new: &Path, steps: &Steps) -> Result<(), StoreError> {
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

pub(crate) fn unused_name(place: &Place) -> PathBuf {
    let name = |number: u32| place.beside(&format!(".unreadable-{number}"));
    let unused = (1..u32::MAX).map(name).find(|name| !name.exists());
    unused.unwrap_or_else(|| name(u32::MAX))
}

/// Removes a file, which may be gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
