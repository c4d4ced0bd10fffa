//! The steps of a write, before each of which a test can stop the process or simulate a failure.

use std::io;

/// A step of the file store's writes, in their order.
#[cfg_attr(
    not(feature = "test-util"),
    expect(unreachable_pub, reason = "only tests see it")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteStep {
    /// The store's directory is created.
    MakeDirectory,
    /// The lock file is opened, and created if it does not exist.
    OpenLock,
    /// A complete temporary file that a process left behind is rewritten with the same contents.
    WriteAgain,
    /// A torn temporary file is removed.
    RemoveTorn,
    /// An unreadable file is linked to the name under which it is kept.
    KeepUnreadable,
    /// The previous copy is removed.
    RemovePrevious,
    /// The current file is linked to the name of the previous copy.
    KeepPrevious,
    /// The temporary file is created.
    Create,
    /// The first half of the contents is written.
    Write,
    /// The second half of the contents is written.
    WriteRest,
    /// The temporary file is synced.
    Sync,
    /// The temporary file is renamed to the file.
    Rename,
    /// The directory is synced.
    SyncDirectory,
    /// A lease file is removed.
    RemoveLease,
    /// The operation is done, and its lock is still held.
    Done,
}

/// The hook that is called before each step; without the feature `test-util` it does nothing.
#[derive(Clone, Default)]
pub(crate) struct FailPoints {
    #[cfg(feature = "test-util")]
    hook: Option<std::sync::Arc<dyn Fn(WriteStep) -> io::Result<()> + Send + Sync>>,
}

impl FailPoints {
    #[cfg(feature = "test-util")]
    pub(crate) fn calling(
        hook: impl Fn(WriteStep) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            hook: Some(std::sync::Arc::new(hook)),
        }
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn before(&self, step: WriteStep) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(step))
    }

    #[cfg(not(feature = "test-util"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "a test fails here"
    )]
    pub(crate) fn before(&self, _step: WriteStep) -> io::Result<()> {
        Ok(())
    }
}
