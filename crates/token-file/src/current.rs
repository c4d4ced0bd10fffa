//! What is stored for a key now.

use std::path::Path;

use token_core::store::StoreError;

use crate::format::{self, Unusable};
use crate::token_file::TokenFile;
use crate::token_paths::TokenPaths;

/// What a key's token file contains, and in which state the file is.
pub(crate) struct Current {
    pub(crate) contents: TokenFile,
    pub(crate) state: FileState,
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
    Contents(TokenFile),
    Unusable(Unusable),
}

impl Current {
    /// Reads what is stored; the previous copy if the file cannot be read.
    pub(crate) fn read(paths: &TokenPaths) -> Result<Self, StoreError> {
        let unusable = match look(paths, paths.file())? {
            Found::Unusable(unusable) => unusable,
            found => return Ok(Self::of(found)),
        };
        match look(paths, &paths.previous())? {
            // A tombstone there says nothing: a login since then is in the file that cannot be
            // read.
            Found::Contents(contents) if contents.record.is_some() => Ok(Self {
                contents,
                state: FileState::Unreadable,
            }),
            _ => Err(unusable.at(paths.file())),
        }
    }

    /// Like `read`, for a writer that does not need what is there: a new login, a logout.
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
