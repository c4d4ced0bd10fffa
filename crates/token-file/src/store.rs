//! The store and its configuration.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use token_core::BuildError;
use token_sealing::Sealing;

use crate::directory;
use crate::fail_points::FailPoints;
#[cfg(feature = "test-util")]
use crate::fail_points::WriteStep;
use crate::file_lock::LOCK_TIMEOUT;
use crate::lease::Leases;

/// A token store in files, one per key, for all processes of one machine. Clones share their
/// leases.
///
/// ```
/// use token_file::FileStore;
/// use token_sealing::{Sealing, SealingKey};
///
/// let plain = FileStore::in_default_directory("acme-sync")?;
/// # let key_from_your_secret_manager = [7; 32];
/// let sealed = FileStore::at("/var/lib/acme/tokens")
///     .sealed_with(Sealing::with(SealingKey::new("2026-03", key_from_your_secret_manager)?));
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// # Files
///
/// The directory is created with mode 0700 and every file with 0600. If they belong to another
/// user, or other users have access to them, the store refuses them, as ssh does. Besides
/// `<key>.json`, which contains the record, intent and tombstone, there are
///
/// * `.json.lock`, which is locked for the milliseconds of a write and never removed;
/// * `.json.lease`, the lease to spend the token;
/// * `.json.new`, a write in progress, or one that a process left unfinished;
/// * `.json.previous`, the previous version of the file (not after a logout);
/// * `.json.unreadable-<n>`, a file that was damaged or written by another program, and kept.
///
/// If a token file is a symbolic link, these files are next to its target. Mount the parent of the
/// store's directory into a container, never a single file, which cannot be replaced. Delete the
/// files of a key only while no program uses it.
///
/// # Guarantees
///
/// * Each write goes to a temporary file that is synced and renamed, and then the directory is
///   synced. A process that dies at any time leaves the old record or the new one. If the file is
///   damaged by the disk or another program, the previous version is used, and the damaged file is
///   kept.
/// * A new token is safe in two steps. As soon as its temporary file is written, it survives if the
///   process is killed: the next process that writes, or acquires the lease, completes the write
///   first. When the commit returns, the directory is synced, and the token also survives a power
///   failure, if the disk honors syncs.
/// * Leases are timed by the monotonic clock of the machine, which includes suspend, and end with a
///   reboot. On Unix their owner also keeps the lease file locked, so that the lease of a process
///   that died ends immediately; a stopped process blocks others until its lease expires. On
///   Windows leases only end by their time, measured by the wall clock.
/// * An operation waits at most 4 seconds for other processes. One that failed for that reason is
///   not carried out later.
/// * A process that waits for the commit of another checks the files at intervals of at most 20
///   milliseconds.
/// * Buffers that contained a token are wiped.
/// * Each page of [`due`](token_core::TokenStore::due) reads the first line of every file, about 75
///   ms for 10,000 files; use a database for more. The times there are plain text, and no token is
///   read. Files that are torn or of another program are skipped. A modified file is listed, and
///   fails when it is loaded.
///
/// The directory must be on a local disk: locks and renames are not reliable on network file
/// systems. Without [`sealed_with`](Self::sealed_with), tokens are plain text that the user and the
/// superuser can read, as with SSH keys.
///
/// The store needs a Tokio runtime, on whose blocking threads all I/O runs.
#[derive(Clone)]
pub struct FileStore {
    pub(crate) directory: Arc<Path>,
    pub(crate) sealing: Option<Arc<Sealing>>,
    pub(crate) leases: Arc<Leases>,
    pub(crate) exposed_parents: ExposedParents,
    pub(crate) lock_timeout: Duration,
    pub(crate) fail_points: FailPoints,
}

/// What to do if every user may write to a parent directory of the store's.
#[derive(Clone, Copy)]
pub(crate) enum ExposedParents {
    Warn,
    Refuse,
}

impl FileStore {
    /// Creates a store in this directory, which is created by the first write.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        Self {
            directory: directory.into(),
            sealing: None,
            leases: Arc::default(),
            exposed_parents: ExposedParents::Warn,
            lock_timeout: LOCK_TIMEOUT,
            fail_points: FailPoints::default(),
        }
    }

    /// Creates a store in `<app_name>/tokens` in the user's directory for application state:
    /// `$XDG_STATE_HOME` or `~/.local/state`
    /// ([XDG](https://specifications.freedesktop.org/basedir-spec/latest/)),
    /// `~/Library/Application Support` on Apple systems, `%LOCALAPPDATA%` on Windows.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the name contains anything but letters, digits, `-`, `_`, `.` and spaces,
    /// or the user has no home directory, as is common for services: use [`at`](Self::at).
    pub fn in_default_directory(app_name: &str) -> Result<Self, BuildError> {
        directory::of_this_user(app_name).map(Self::at)
    }

    /// Encrypts and authenticates the tokens. Records that are not sealed are then refused, so that
    /// another process cannot replace a token: to enable sealing later, log in again. Default:
    /// plain text.
    #[must_use]
    pub fn sealed_with(mut self, sealing: Sealing) -> Self {
        self.sealing = Some(Arc::new(sealing));
        self
    }

    /// Refuses the directory if every user can write to one of its parents and that has no sticky
    /// bit, such as an `emptyDir` of Kubernetes, where every process of the pod could replace the
    /// directory. Default: only a warning, returned by
    /// [`warnings`](token_core::TokenStore::warnings).
    ///
    /// ```
    /// use token_file::FileStore;
    ///
    /// let store = FileStore::at("/var/lib/acme/tokens").strict_permissions();
    /// ```
    #[must_use]
    pub fn strict_permissions(mut self) -> Self {
        self.exposed_parents = ExposedParents::Refuse;
        self
    }

    /// Sets how long an operation waits for other processes before it fails. For tests. Default: 4
    /// seconds.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Calls `hook` before each step of a write, in the thread that writes. For tests. An error
    /// that it returns is treated as one of the file system; it may also never return.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    #[must_use]
    pub fn before_each_step(
        mut self,
        hook: impl Fn(WriteStep) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.fail_points = FailPoints::calling(hook);
        self
    }

    /// Returns the directory that contains the files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.directory)
            .field(
                "sealed by",
                &self.sealing.as_ref().map(|sealing| sealing.key_id()),
            )
            .finish_non_exhaustive()
    }
}
