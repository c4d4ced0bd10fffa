//! The files of one key.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use token_core::TokenKey;
use token_core::store::StoreError;

use crate::failure::reading;
use crate::names::file_name;
use crate::page::Page;
use crate::private;
use crate::text::{self, Unusable};

/// Where one key's page is, and the files beside it.
pub(crate) struct Place {
    key: TokenKey,
    file: PathBuf,
}

/// What is there.
pub(crate) struct Current {
    pub(crate) page: Page,
    pub(crate) file: FileState,
}

/// What a writer has to do with the file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    Missing,
    Whole,
    /// Whole, and its record is in the previous copy already: that was linked when the intent was
    /// written.
    Copied,
    /// Torn or foreign: it is kept under another name.
    Unreadable,
}

enum Found {
    Nothing,
    Page(Page),
    Unusable(Unusable),
}

impl Place {
    /// The place of a key, where directory and files must be their user's alone. A symbolic link is
    /// followed: what lies beside the file lies beside its target, so that whoever comes by another
    /// way meets the same lock.
    pub(crate) fn of(directory: &Path, key: &TokenKey) -> Result<Self, StoreError> {
        let named = directory.join(file_name(key));
        let file = target(&named).map_err(|error| reading(&named, &error))?;
        let place = Self {
            key: key.clone(),
            file,
        };
        private::directory(directory)?;
        if place.directory() != directory {
            private::directory(place.directory())?;
        }
        place
            .files()
            .iter()
            .try_for_each(|file| private::file(file))?;
        Ok(place)
    }

    pub(crate) fn key(&self) -> &TokenKey {
        &self.key
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// The file beside it with this ending. No key's own file has such a name: they all end with
    /// `.json`.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(ending);
        name.into()
    }

    pub(crate) fn previous(&self) -> PathBuf {
        self.beside(".previous")
    }

    /// The file that will take the name of the key's own.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.beside(".new")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }

    pub(crate) fn lease(&self) -> PathBuf {
        self.beside(".lease")
    }

    fn files(&self) -> [PathBuf; 5] {
        let file = self.file.clone();
        [
            file,
            self.previous(),
            self.unfinished(),
            self.lock(),
            self.lease(),
        ]
    }

    /// What is kept; the copy before the last where the last cannot be read.
    pub(crate) fn current(&self) -> Result<Current, StoreError> {
        let unusable = match self.look(&self.file)? {
            Found::Unusable(unusable) => unusable,
            found => return Ok(Current::of(found)),
        };
        match self.look(&self.previous())? {
            // A tombstone there says nothing: whoever logged in since is in the file that cannot be
            // read.
            Found::Page(page) if page.record.is_some() => Ok(Current {
                page,
                file: FileState::Unreadable,
            }),
            _ => Err(unusable.at(&self.file)),
        }
    }

    /// The same for a writer that does not need what is there: a new login, a logout.
    pub(crate) fn current_or_blank(&self) -> Result<Current, StoreError> {
        Ok(Current::of(self.look(&self.file)?))
    }

    fn look(&self, path: &Path) -> Result<Found, StoreError> {
        let Some(content) = text::content(path)? else {
            return Ok(Found::Nothing);
        };
        Ok(text::read(&content, &self.key).map_or_else(Found::Unusable, Found::Page))
    }
}

impl Current {
    fn of(found: Found) -> Self {
        match found {
            Found::Nothing => Self::blank(FileState::Missing),
            Found::Unusable(_) => Self::blank(FileState::Unreadable),
            Found::Page(page) => Self {
                file: match page.intent {
                    Some(_) => FileState::Copied,
                    None => FileState::Whole,
                },
                page,
            },
        }
    }

    fn blank(file: FileState) -> Self {
        Self {
            page: Page::default(),
            file,
        }
    }
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
        path = path
            .parent()
            .map_or(link.clone(), |parent| parent.join(&link));
    }
    Err(ErrorKind::InvalidInput.into())
}
