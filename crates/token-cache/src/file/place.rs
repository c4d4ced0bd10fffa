//! The files of one key.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use token_core::Key;
use token_core::store::StoreError;
use zeroize::Zeroizing;

use super::directory;
use super::failure::{reading, unreadable};
use super::names::file_name;
use super::page::Page;
use super::text;

/// A file that is longer than this is none of ours: a record has at most a few times 64 KiB.
const LONGEST_FILE: u64 = 4 << 20;

/// Where one key's page is, and the files beside it.
pub(super) struct Place {
    key: Key,
    file: PathBuf,
}

/// What is there.
pub(super) struct Current {
    pub(super) page: Page,
    pub(super) file: FileState,
}

/// What a writer has to do with the file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    Missing,
    Whole,
    /// Torn or foreign: it is kept under another name.
    Unreadable,
}

enum Found {
    Nothing,
    Page(Page),
    Unreadable(StoreError),
}

impl Place {
    /// The place of a key in a directory that is its user's alone. A symbolic link is followed: what lies beside the file lies beside its
    /// target, so that whoever comes by another way meets the same lock.
    pub(super) fn of(directory: &Path, key: &Key) -> Result<Self, StoreError> {
        let named = directory.join(file_name(key));
        let file = target(&named).map_err(|error| reading(&named, &error))?;
        let place = Self {
            key: key.clone(),
            file,
        };
        directory::is_ours_alone(directory)?;
        if place.directory() != directory {
            directory::is_ours_alone(place.directory())?;
        }
        Ok(place)
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// The file beside it with this ending. No key's own file has such a name: they all end with `.json`.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(ending);
        name.into()
    }

    pub(super) fn previous(&self) -> PathBuf {
        self.beside(".previous")
    }

    /// What is kept; the copy before the last where the last cannot be read.
    pub(super) fn current(&self) -> Result<Current, StoreError> {
        let whole = |page, file| Ok(Current { page, file });
        let error = match self.look(&self.file)? {
            Found::Nothing => return whole(Page::default(), FileState::Missing),
            Found::Page(page) => return whole(page, FileState::Whole),
            Found::Unreadable(error) => error,
        };
        match self.look(&self.previous())? {
            // A tombstone there says nothing: whoever logged in since is in the file that cannot be read.
            Found::Page(page) if page.record.is_some() => whole(page, FileState::Unreadable),
            _ => Err(error),
        }
    }

    /// The same for a writer that does not need what is there: a new login, a logout.
    pub(super) fn current_or_blank(&self) -> Result<Current, StoreError> {
        let file = match self.look(&self.file)? {
            Found::Unreadable(_) => FileState::Unreadable,
            Found::Page(page) => {
                return Ok(Current {
                    page,
                    file: FileState::Whole,
                });
            }
            Found::Nothing => FileState::Missing,
        };
        let page = Page::default();
        Ok(Current { page, file })
    }

    fn look(&self, path: &Path) -> Result<Found, StoreError> {
        match read(path) {
            Ok(text) => Ok(text::read(&text, &self.key, path).map_or_else(Found::Unreadable, Found::Page)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(Found::Unreadable(unreadable(
                path,
                "the token file is of another program; it is kept as it is",
            ))),
            Err(error) => Err(reading(path, &error)),
        }
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    if length > LONGEST_FILE {
        return Err(ErrorKind::InvalidData.into());
    }
    // Room for all of it from the start: a text that grows leaves a copy behind.
    let room = usize::try_from(length).unwrap_or(0).saturating_add(1);
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(length).read_to_end(&mut text)?;
    Ok(text)
}

/// Where a chain of symbolic links ends, whether a file is there or not.
fn target(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let is_link = fs::symlink_metadata(&path).is_ok_and(|file| file.is_symlink());
        if !is_link {
            return Ok(path);
        }
        let link = fs::read_link(&path)?;
        path = path.parent().map_or(link.clone(), |parent| parent.join(&link));
    }
    Err(ErrorKind::InvalidInput.into())
}
