//! Checks that only this user can access files and directories, as ssh does for its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use token_core::store::StoreError;

use crate::failure::{reading, unreadable};

/// Refuses a file that is not a regular file, or that another user owns or can access. A missing
/// file passes.
pub(crate) fn check_file(path: &Path) -> Result<(), StoreError> {
    let refused = match fs::symlink_metadata(path) {
        Ok(file) if !file.is_file() => {
            Some("the token file is not a regular file; it is left alone")
        }
        Ok(file) => access::to_file(&file),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(reading(path, &error)),
    };
    refused.map_or(Ok(()), |why| Err(unreadable(path, why)))
}

/// Does the same for a directory; a symbolic link to one is followed. An empty path, as of an unset
/// variable, would be the working directory.
pub(crate) fn check_directory(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() {
        return Err(unreadable(
            path,
            "the path of the token store is empty: give its directory, or use \
             `FileStore::in_default_directory`",
        ));
    }
    let refused = match fs::metadata(path) {
        Ok(directory) if !directory.is_dir() => {
            Some("the token store's directory is not a directory")
        }
        Ok(directory) => access::to_directory(&directory),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(reading(path, &error)),
    };
    refused.map_or(Ok(()), |why| Err(unreadable(path, why)))
}

/// Refuses a directory if one of its parents lets every user rename and remove the files of others,
/// and so replace the directory.
pub(crate) fn check_parents(directory: &Path) -> Result<(), StoreError> {
    match exposed_parent(directory) {
        Some(parent) => Err(unreadable(
            &parent,
            "every user may put another directory in the place of the token store's: a directory \
             above it may be written to by all and has no sticky bit",
        )),
        None => Ok(()),
    }
}

fn exposed_parent(directory: &Path) -> Option<PathBuf> {
    let there = directory.ancestors().find(|path| path.exists())?;
    let real = fs::canonicalize(there).ok()?;
    // The directory itself has a stricter rule of its own; a missing one will be created in
    // `there`.
    let mut above = real.ancestors().skip(usize::from(there == directory));
    let exposed =
        above.find(|path| fs::metadata(path).is_ok_and(|found| access::is_for_all(&found)));
    exposed.map(Path::to_owned)
}

#[cfg(unix)]
mod access {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;

    const OTHERS: u32 = 0o077;
    const WRITE_BY_ALL: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    const FILE_OF_ANOTHER: &str = "the token file belongs to another user";
    const OPEN_FILE: &str = "other users have access to the token file: make its \
        mode 0600, and log in again if they may have read it";
    const DIRECTORY_OF_ANOTHER: &str = "the token store's directory belongs to another \
        user: give one of this user, or one that is not there yet";
    const OPEN_DIRECTORY: &str = "other users have access to the token store's directory: \
        make its mode 0700, or give one in it that is not there yet";

    pub(crate) fn to_file(file: &Metadata) -> Option<&'static str> {
        refusal(file.uid(), file.mode(), user(), FILE_OF_ANOTHER, OPEN_FILE)
    }

    pub(crate) fn to_directory(directory: &Metadata) -> Option<&'static str> {
        let (owner, mode) = (directory.uid(), directory.mode());
        refusal(owner, mode, user(), DIRECTORY_OF_ANOTHER, OPEN_DIRECTORY)
    }

    pub(crate) fn is_for_all(directory: &Metadata) -> bool {
        directory.mode() & (WRITE_BY_ALL | STICKY) == WRITE_BY_ALL
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn refusal(
        owner: u32,
        mode: u32,
        user: u32,
        of_another: &'static str,
        open: &'static str,
    ) -> Option<&'static str> {
        match owner == user {
            false => Some(of_another),
            true => (mode & OTHERS != 0).then_some(open),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        // FAULTS.md row 88
        #[test]
        fn another_owner_is_refused_whatever_the_mode_and_the_superuser_is_no_exception() {
            let refused = |owner, mode, user| refusal(owner, mode, user, "another", "open");
            assert_eq!(refused(1000, 0o100_600, 1000), None);
            assert_eq!(refused(1000, 0o100_600, 1001), Some("another"));
            assert_eq!(refused(1000, 0o100_600, 0), Some("another"));
            assert_eq!(refused(0, 0o100_644, 1000), Some("another"));
            for mode in [0o640, 0o620, 0o604, 0o602, 0o610] {
                assert_eq!(
                    refused(1000, 0o100_000 | mode, 1000),
                    Some("open"),
                    "{mode:o}"
                );
            }
        }
    }
}

/// On Windows, a user's folders are private.
#[cfg(not(unix))]
mod access {
    use std::fs::Metadata;

    pub(crate) fn to_file(_file: &Metadata) -> Option<&'static str> {
        None
    }

    pub(crate) fn to_directory(_directory: &Metadata) -> Option<&'static str> {
        None
    }

    pub(crate) fn is_for_all(_directory: &Metadata) -> bool {
        false
    }
}
