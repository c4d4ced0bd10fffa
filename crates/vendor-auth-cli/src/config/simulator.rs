//! Where `vendor-auth sim` puts its profiles, and whether it runs.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use vendor_auth::FileStore;

/// The profiles of the simulator.
pub(crate) const PROFILES: [&str; 7] = [
    "demo",
    "demo-refresh",
    "demo-login",
    "demo-quectel",
    "demo-quectel-user",
    "demo-enos",
    "demo-cloud",
];

/// The file that a running simulator has locked.
pub(crate) const LOCK: &str = "lock";

/// The file with its profiles.
pub(crate) const CONFIG: &str = "config.toml";

/// What to do if none runs.
pub(crate) const NOT_RUNNING: &str =
    "no simulator is running; start it with `vendor-auth sim` in another terminal";

/// Returns this user's directory for state, unless there is no home directory.
pub(crate) fn state_directory() -> Option<PathBuf> {
    let store = FileStore::in_default_directory("vendor-auth").ok()?;
    store.directory().parent().map(PathBuf::from)
}

/// Returns the directory of this user's simulator.
pub(crate) fn directory() -> Option<PathBuf> {
    Some(state_directory()?.join("simulator"))
}

/// Returns the profiles' file if a simulator runs. The files of one that was killed do not count:
/// the operating system has released its lock.
pub(crate) fn running() -> Option<PathBuf> {
    let directory = directory()?;
    let lock = File::open(directory.join(LOCK)).ok()?;
    let is_locked = matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock));
    is_locked.then(|| directory.join(CONFIG))
}
