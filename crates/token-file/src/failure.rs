//! Errors of the operating system, as errors that say what to do.

use std::io::{self, ErrorKind};
use std::path::Path;

use token_core::store::StoreError;

pub(crate) fn reading(path: &Path, error: &io::Error) -> StoreError {
    StoreError::new("the token file could not be read").with_detail(at(path, error))
}

pub(crate) fn writing(path: &Path, error: &io::Error) -> StoreError {
    let what = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "there is no room for the token file"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "the token file's directory cannot be written by this user"
        }
        _ => "the token file could not be written",
    };
    StoreError::new(what).with_detail(at(path, error))
}

/// Returns the error of a failed rename. A file that is a mount point can be written but not
/// replaced, and a write in place can be torn.
pub(crate) fn replacing(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::ResourceBusy | ErrorKind::CrossesDevices => StoreError::new(
            "the token file is a mount point and cannot be replaced: mount its directory \
             instead",
        )
        .with_detail(at(path, error)),
        _ => writing(path, error),
    }
}

/// Returns an error for unusable content, which names the file.
pub(crate) fn unreadable(path: &Path, what: &'static str) -> StoreError {
    StoreError::new(what).with_detail(path.display().to_string())
}

fn at(path: &Path, error: &io::Error) -> String {
    format!("{error}, at {}", path.display())
}
