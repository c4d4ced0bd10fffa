//! Whether the directory of the file store can be written.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::failure::Failure;
use crate::store::unsealed_files;

/// The directory of the file store.
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    /// The part of the path that is there; the store makes the rest.
    there: PathBuf,
}

/// Why it cannot be written.
pub(crate) struct Unwritable {
    pub(crate) found: String,
    pub(crate) advice: String,
}

impl Directory {
    /// Returns where the store is, or will be.
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        let store = unsealed_files(config, &config.store)?;
        let path = store.directory().to_owned();
        let there = path.ancestors().find(|path| path.exists());
        let there = there.unwrap_or(&path).to_owned();
        Ok(Self { path, there })
    }

    /// Returns whether it exists.
    pub(crate) fn is_there(&self) -> bool {
        self.there == self.path
    }

    /// Writes a file and removes it.
    pub(crate) fn attempt(&self) -> Result<(), Unwritable> {
        let (path, there) = (self.path.display(), self.there.display());
        write(&self.there).map_err(|error| Unwritable {
            // Not its text, which names a file that is gone.
            found: format!("{path} cannot be written: {}, at {there}", error.kind()),
            advice: way_out(error.kind(), &there.to_string()),
        })
    }
}

impl From<Unwritable> for Failure {
    fn from(it: Unwritable) -> Self {
        Self::store(format!("{}; {}", it.found, it.advice))
    }
}

fn way_out(kind: io::ErrorKind, there: &str) -> String {
    let other = "or write another `store.directory`";
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("make room at {there}, {other}")
        }
        io::ErrorKind::ReadOnlyFilesystem => format!("mount {there} for writing, {other}"),
        _ => format!("give this user the right to write to {there}, {other}"),
    }
}

fn write(directory: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".vendor-auth-")
        .tempfile_in(directory)?;
    io::Write::write_all(&mut file, b"test")?;
    file.as_file().sync_all()?;
    file.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_a_missing_right() {
        let way_out = |kind| way_out(kind, "/store");
        assert!(way_out(io::ErrorKind::StorageFull).starts_with("make room at /store"));
        assert!(way_out(io::ErrorKind::ReadOnlyFilesystem).starts_with("mount /store"));
        assert!(way_out(io::ErrorKind::PermissionDenied).starts_with("give this user the right"));
    }
}
