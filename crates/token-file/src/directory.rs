//! The directory of the files.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use token_core::BuildError;
use token_core::store::StoreError;

use crate::fail_points::{FailPoints, WriteStep};
use crate::failure::writing;

/// Returns the directory of this application in the user's directory for application state.
pub(crate) fn of_this_user(app_name: &str) -> Result<PathBuf, BuildError> {
    let harmless = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if app_name.trim_matches(['.', ' ']).is_empty() || !app_name.chars().all(harmless) {
        return Err(BuildError::invalid(
            "app name",
            "must contain only letters, digits, spaces and -_.",
        ));
    }
    let state = state_directory(|name| std::env::var_os(name), std::env::home_dir());
    let state = state.ok_or(BuildError::invalid(
        "directory",
        "has no default: this user has no home directory",
    ))?;
    Ok(state.join(app_name).join("tokens"))
}

#[cfg(windows)]
fn state_directory(
    var: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let local = absolute(var("LOCALAPPDATA").map(PathBuf::from));
    local.or_else(|| Some(absolute(home)?.join("AppData").join("Local")))
}

#[cfg(target_vendor = "apple")]
fn state_directory(
    _var: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    Some(absolute(home)?.join("Library").join("Application Support"))
}

/// Returns the XDG state directory. A variable that is not an absolute path is ignored, as XDG
/// requires.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn state_directory(
    var: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let state = absolute(var("XDG_STATE_HOME").map(PathBuf::from));
    state.or_else(|| Some(absolute(home)?.join(".local").join("state")))
}

fn absolute(path: Option<PathBuf>) -> Option<PathBuf> {
    path.filter(|path| path.is_absolute())
}

/// Creates the directory with access only for this user, if it does not exist.
pub(crate) fn make(path: &Path, fail_points: &FailPoints) -> Result<(), StoreError> {
    let made = || -> io::Result<()> {
        fail_points.before(WriteStep::MakeDirectory)?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        path.parent().map_or(Ok(()), sync)
    };
    made().map_err(|error| writing(path, &error))
}

/// Makes the names in a directory durable. Windows does that itself, and directories cannot be
/// opened there.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => fs::File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(all(test, not(any(windows, target_vendor = "apple"))))]
mod tests {
    use super::*;

    fn state(xdg: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
        let var = |name: &str| {
            (name == "XDG_STATE_HOME")
                .then(|| xdg.map(OsString::from))
                .flatten()
        };
        state_directory(var, home.map(PathBuf::from))
    }

    #[test]
    fn the_state_directory_follows_xdg() {
        assert_eq!(state(Some("/s"), Some("/h/u")), Some("/s".into()));
        let default = Some("/h/u/.local/state".into());
        assert_eq!(state(None, Some("/h/u")), default);
        assert_eq!(state(Some("relative"), Some("/h/u")), default);
        assert_eq!(state(Some(""), Some("/h/u")), default);
        assert_eq!(state(None, None), None);
        assert_eq!(state(None, Some("")), None);
    }

    #[test]
    fn an_app_name_cannot_leave_the_directory() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0", " "] {
            assert!(of_this_user(name).is_err(), "{name:?}");
        }
    }
}
