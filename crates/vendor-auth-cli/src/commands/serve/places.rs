//! The directory for what lives as long as a session of this user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Returns the directory, which only this user can enter. It is made if it is missing.
pub(super) fn private_directory() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::config("this user has no home directory; write `--listen ADDRESS`")
    })?;
    let runtime = base.runtime_dir().or_else(|| base.state_dir());
    let directory = runtime
        .unwrap_or_else(|| base.data_dir())
        .join("vendor-auth");
    make(&directory)
        .map_err(|error| Failure::store(format!("{}: {error}", directory.display())))?;
    Ok(directory)
}

#[cfg(unix)]
fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)?;
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

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}
