//! The current contents of a key's token file.

use std::path::Path;

use token_core::store::StoreError;

use crate::format::{self, Unusable};
use crate::token_file::TokenFile;
use crate::token_paths::TokenPaths;

/// The contents of a key's token file, and the state of the file.
pub(crate) struct Current {
    pub(crate) contents: TokenFile,
    pub(crate) state: FileState,
}

/// The state of the existing file, which decides how a writer keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    Missing,
    Whole,
    /// Complete, and its record is already in the previous copy, which was linked when the intent
    /// was written.
    Copied,
    /// Damaged or written by another program: it is kept under another name.
    Unreadable,
}

enum Found {
    Nothing,
    Contents(TokenFile),
    Unusable(Unusable),
}

impl Current {
    /// Reads what is stored, or the previous copy if the file cannot be read.
    pub(crate) fn read(paths: &TokenPaths) -> Result<Self, StoreError> {
        let unusable = match look(paths, paths.file())? {
            Found::Unusable(unusable) => unusable,
            found => return Ok(Self::of(found)),
        };
        match look(paths, &paths.previous())? {
            // A tombstone in the previous copy means nothing: the unreadable file may be that of a
            // later login.
            Found::Contents(contents) if contents.record.is_some() => Ok(Self {
                contents,
                state: FileState::Unreadable,
            }),
            _ => Err(unusable.at(paths.file())),
        }
    }

    /// Like `read`, for a writer that does not need the existing contents: a new login, a logout.
    pub(crate) fn read_or_blank(paths: &TokenPaths) -> Result<Self, StoreError> {
        Ok(Self::of(look(paths, paths.file())?))
    }

    fn of(found: Found) -> Self {
        match found {
            Found::Nothing => Self::blank(FileState::Missing),
            Found::Unusable(_) => Self::blank(FileState::Unreadable),
            Found::Contents(contents) => Self {
                state: match contents.intent {
                    Some(_) => FileState::Copied,
                    None => FileState::Whole,
                },
                contents,
            },
        }
    }

    fn blank(state: FileState) -> Self {
        Self {
            contents: TokenFile::default(),
            state,
        }
    }
}

fn look(paths: &TokenPaths, path: &Path) -> Result<Found, StoreError> {
    let Some(content) = format::content(path)? else {
        return Ok(Found::Nothing);
    };
    Ok(format::read(&content, paths.key()).map_or_else(Found::Unusable, Found::Contents))
}
