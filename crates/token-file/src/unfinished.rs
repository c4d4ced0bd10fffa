//! A write that a process left behind: its temporary file, whole or torn.
//!
//! A whole one is always the successor of the file. It was written under the lock, from what the
//! file held then; and nobody has written since, because whoever holds the lock completes it before
//! anything else. It may hold the only living token, so a whole one is never removed. Readers do
//! not look at it: without the lock they cannot tell whether its writer still works on it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use token_core::store::StoreError;

use crate::failure::writing;
use crate::place::{FileState, Place};
use crate::steps::{Steps, WriteStep};
use crate::text::{self, Unusable};
use crate::turn::Turn;
use crate::write::{keep_unreadable, put_in_place, remove, sync, unused_name};

/// Completes what a process left behind.
pub(crate) fn complete(place: &Place, steps: &Steps, _turn: &Turn<'_>) -> Result<(), StoreError> {
    let new = place.unfinished();
    let Some(content) = text::content(&new)? else {
        return Ok(());
    };
    match text::read(&content, place.key()) {
        Ok(_) => finish(place, &new, &content, steps),
        Err(Unusable::Torn) => remove_torn(&new, steps),
        // Whoever wrote it can read it, and it may be the only living token.
        Err(newer @ Unusable::Newer) => Err(newer.at(&new)),
        Err(_) => set_aside(place, &new, steps),
    }
}

fn finish(place: &Place, new: &Path, content: &[u8], steps: &Steps) -> Result<(), StoreError> {
    let file = write_again(new, content, steps).map_err(|error| writing(new, &error))?;
    sync(&file, new, steps)?;
    if place.current_or_blank()?.file == FileState::Unreadable {
        keep_unreadable(place, steps)?;
    }
    put_in_place(place, new, steps)
}

/// Writes the same bytes over it. After a sync that failed, a kernel may take for clean what never
/// reached the disk, and would sync nothing; a process that dies in the midst of this leaves it as
/// it was.
fn write_again(new: &Path, content: &[u8], steps: &Steps) -> io::Result<File> {
    steps.before(WriteStep::WriteAgain)?;
    let mut file = OpenOptions::new().write(true).open(new)?;
    file.write_all(content)?;
    Ok(file)
}

fn remove_torn(new: &Path, steps: &Steps) -> Result<(), StoreError> {
    let removed = steps
        .before(WriteStep::RemoveTorn)
        .and_then(|()| remove(new));
    removed.map_err(|error| writing(new, &error))
}

/// Keeps what is not this key's under another name.
fn set_aside(place: &Place, new: &Path, steps: &Steps) -> Result<(), StoreError> {
    let aside = steps
        .before(WriteStep::KeepUnreadable)
        .and_then(|()| fs::rename(new, unused_name(place)));
    aside.map_err(|error| writing(new, &error))
}
