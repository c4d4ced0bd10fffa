//! Puts the server and its packages into the build folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{self, program};
use crate::workspace::Workspace;

const SOURCE: &str = "xtask/interop";
const LOCK: &str = "package-lock.json";
/// The lock that `node_modules` was installed from.
const INSTALLED: &str = "installed-lock.json";
const OLDEST_NODE: (u32, u32) = (20, 20);

/// Why it cannot be done here, if so.
pub(super) fn missing(workspace: &Workspace) -> Option<String> {
    let Ok(version) = command::read(&mut program(workspace, "node", &["--version"])) else {
        return Some("Node is not installed".to_owned());
    };
    if !is_new_enough(&version) {
        let (major, minor) = OLDEST_NODE;
        return Some(format!("Node {} is older than v{major}.{minor}", version.trim()));
    }
    let has_npm = command::is_there(workspace, "npm", &["--version"]);
    (!has_npm).then(|| "npm is not installed".to_owned())
}

/// The folder where the server can be started.
///
/// # Errors
///
/// Where the packages could not be had; nothing is known then, but a machine with Node can do better.
pub(super) fn install(workspace: &Workspace) -> Result<PathBuf> {
    let (source, place) = (workspace.path(SOURCE), workspace.target("interop")?);
    copy(&source, &place)?;
    if is_installed(&place) {
        return Ok(place);
    }
    println!("  npm ci");
    let mut npm = program(workspace, "npm", &["ci", "--no-progress"]);
    command::read(npm.current_dir(&place)).context("oidc-provider could not be installed")?;
    fs::copy(place.join(LOCK), place.join(INSTALLED)).context("the lock cannot be kept")?;
    Ok(place)
}

fn copy(source: &Path, place: &Path) -> Result<()> {
    fs::create_dir_all(place).with_context(|| format!("{} cannot be made", place.display()))?;
    let entries = fs::read_dir(source).with_context(|| format!("{} cannot be read", source.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn is_installed(place: &Path) -> bool {
    let lock = fs::read(place.join(LOCK)).ok();
    let installed = fs::read(place.join(INSTALLED)).ok();
    lock.is_some() && lock == installed && place.join("node_modules/oidc-provider").is_dir()
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let major = numbers.next().unwrap_or_default();
    (major, numbers.next().unwrap_or_default()) >= OLDEST_NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_too_old_is_told_from_one_that_fits() {
        for fits in ["v20.20.2\n", "v22.1.0", "v21.0.0"] {
            assert!(is_new_enough(fits), "{fits}");
        }
        for old in ["v20.19.9", "v18.20.4", "nonsense", ""] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
