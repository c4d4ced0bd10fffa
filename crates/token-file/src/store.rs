//! The store and its settings.

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

/// Keeps tokens in files, one a key, for all processes of one machine. Clones share the leases that
/// they hold.
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
/// The directory is made with mode 0700 and every file with 0600. If they belong to another user,
/// or other users have access to them, the store refuses them, as ssh does. Beside `<key>.json`,
/// which holds record, intent and tombstone, there are
///
/// * `.json.lock`, locked for the milliseconds of a write and never removed;
/// * `.json.lease`, who may spend the token;
/// * `.json.new`, a write that is under way, or that a process left unfinished;
/// * `.json.previous`, a copy of the record before the last one (not after a logout);
/// * `.json.unreadable-<n>`, what was found torn or foreign, and kept.
///
/// A file that is a symbolic link is followed, and these lie beside its target. Mount the directory
/// above the store's into a container, never a single file: that could not be replaced. Delete the
/// files of a key only while no program uses it.
///
/// # Guarantees
///
/// * A write is a temporary file, synced, renamed, and its directory synced. A process that dies at
///   any moment leaves the old record or the new one. If the disk or another program damaged the
///   file, the copy before it is used, and the damaged one is kept.
/// * A new token is safe in two steps. As soon as its temporary file is written, a killed process
///   does not lose it: the next process that writes, or takes the lease, completes the write first.
///   When the commit returns, the directory is synced, and a power cut does not lose it either.
/// * Leases are timed by the machine's clock that counts suspend, and end with a reboot. On Unix
///   their owner keeps the lease file locked too, so that the lease of a process that died ends at
///   once, by the kernel; a process that was stopped keeps others waiting for as long as its lease
///   lives. On Windows they end by their time alone, on the wall clock.
/// * An operation waits at most 4 seconds for other processes; one that failed is not carried out
///   later.
/// * A process that waits for another's commit looks at the files every few
///   milliseconds, at most 20.
/// * Buffers that held a token are wiped.
///
/// It is for a local disk: network file systems keep neither locks nor renames as they should.
/// Without [`sealed_with`](Self::sealed_with) tokens are plain text that the user and the superuser
/// can read, as SSH keys are.
///
/// It needs a Tokio runtime, in whose blocking threads all I/O runs.
#[derive(Clone)]
pub struct FileStore {
    pub(crate) directory: Arc<Path>,
    pub(crate) sealing: Option<Arc<Sealing>>,
    pub(crate) leases: Arc<Leases>,
    pub(crate) exposed_parents: ExposedParents,
    pub(crate) lock_timeout: Duration,
    pub(crate) fail_points: FailPoints,
}

/// What to do about a directory above the store's that every user may write to.
#[derive(Clone, Copy)]
pub(crate) enum ExposedParents {
    Warn,
    Refuse,
}

impl FileStore {
    /// Returns a store in this directory, which is made when something is first written.
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

    /// Returns a store in `<app_name>/tokens` under the directory for the state of this user's
    /// programs: `$XDG_STATE_HOME` or `~/.local/state`
    /// ([XDG](https://specifications.freedesktop.org/basedir-spec/latest/)), `~/Library/Application
    /// Support` on Apple's systems, `%LOCALAPPDATA%` on Windows.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the name has anything but letters, digits, `-`, `_`, `.` and spaces, or
    /// the user has no home directory, as services often have not: use [`at`](Self::at).
    pub fn in_default_directory(app_name: &str) -> Result<Self, BuildError> {
        directory::of_this_user(app_name).map(Self::at)
    }

    /// Encrypts and authenticates the tokens. A record that is not sealed is then refused, so that
    /// nobody can put another token there: to change over, log in again.
    #[must_use]
    pub fn sealed_with(mut self, sealing: Sealing) -> Self {
        self.sealing = Some(Arc::new(sealing));
        self
    }

    /// Refuses a directory if any directory above it can be written to by every user and has no
    /// sticky bit. Kubernetes' `emptyDir` is one: there every process of the pod could put another
    /// directory in its place. Without this, [`warnings`](token_core::TokenStore::warnings) tells
    /// of it.
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

    /// For tests: how long an operation waits for other processes before it fails. Default: 4
    /// seconds.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// For tests: calls `hook` before each step of a write, in the thread that writes. An error
    /// that it returns is taken for the file system's; it may also never return.
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

    /// Returns the directory of the files.
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
