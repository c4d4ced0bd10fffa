//! Paths in the configuration.

use std::path::{Path, PathBuf};

/// Returns the path that the configuration means: `~/` is the home directory, and a relative path
/// is relative to the configuration's own directory.
pub(crate) fn resolve(config: &Path, path: &Path) -> PathBuf {
    if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), std::env::home_dir()) {
        return home.join(rest);
    }
    match config.parent() {
        Some(directory) => directory.join(path),
        None => path.to_owned(),
    }
}
