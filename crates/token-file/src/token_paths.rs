//! The paths of a key's files.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use token_core::TokenKey;
use token_core::store::StoreError;

use crate::failure::{reading, unreadable};
use crate::file_name::file_name;
use crate::permissions;

const LEADS_ELSEWHERE: &str = "the token file is a symbolic link to a directory that is not for this \
    user only: remove the link, and log in again";

/// The paths of a key's token file and of the files next to it.
pub(crate) struct TokenPaths {
    key: TokenKey,
    file: PathBuf,
}

impl TokenPaths {
    /// Returns the paths of a key, after a check that only this user can access the directory and
    /// files. A symbolic link is followed: the other files are next to its target, so that a
    /// process that uses another path takes the same lock.
    pub(crate) fn of(directory: &Path, key: &TokenKey) -> Result<Self, StoreError> {
        let named = directory.join(file_name(key));
        let file = target(&named).map_err(|error| reading(&named, &error))?;
        let paths = Self {
            key: key.clone(),
            file,
        };
        permissions::check_directory(directory)?;
        if paths.directory() != directory {
            // The advice for the store's own directory would be wrong for one such as /etc.
            permissions::check_directory(paths.directory())
                .map_err(|_| unreadable(&named, LEADS_ELSEWHERE))?;
        }
        paths
            .files()
            .iter()
            .try_for_each(|file| permissions::check_file(file))?;
        Ok(paths)
    }

    pub(crate) fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Returns the path of the token file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// Returns the path of the file next to it with this extension. It is never the token file of
    /// another key, since those end with `.json`.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(ending);
        name.into()
    }

    /// Returns the path of the previous copy.
    pub(crate) fn previous(&self) -> PathBuf {
        self.beside(".previous")
    }

    /// Returns the path of the temporary file, which is renamed to the token file.
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
}

/// Follows a chain of symbolic links to its end, which may not exist.
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
