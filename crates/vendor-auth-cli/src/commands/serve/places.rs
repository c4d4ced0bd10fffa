//! The directory for what lives as long as a session of this user.

#[cfg(unix)]
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::directory::make_private;
use crate::failure::Failure;

/// Returns the directory, in which only this user can write: nobody else puts a socket or a bearer
/// there. It is made if it is missing.
pub(super) fn private_directory() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::config("this user has no home directory; write `--listen ADDRESS`")
    })?;
    let runtime = base.runtime_dir().or_else(|| base.state_dir());
    let directory = runtime
        .unwrap_or_else(|| base.data_dir())
        .join("vendor-auth");
    let is_private = make_private(&directory).and_then(|()| check(&directory));
    is_private.map_err(|error| Failure::store(format!("{}: {error}", directory.display())))?;
    Ok(directory)
}

/// Refuses a directory that others can write in. One that they can enter, such as that of a systemd
/// service, is left as it is: its files have modes of their own.
#[cfg(unix)]
fn check(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = fs::metadata(directory)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("belongs to another user"));
    }
    match found.permissions().mode() & 0o022 {
        0 => Ok(()),
        _ => Err(io::Error::other(
            "others can write in it; run `chmod go-w` on it",
        )),
    }
}

/// On Windows, a user's directories are private.
#[cfg(not(unix))]
fn check(_directory: &Path) -> io::Result<()> {
    Ok(())
}
