//! Directories for files of this user.

use std::fs;
use std::io;
use std::path::Path;

/// Returns the directory of a file.
pub(crate) fn of_file(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Makes a directory that only this user can enter, whatever the umask is, and those above it. One
/// that is there keeps its mode.
pub(crate) fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
