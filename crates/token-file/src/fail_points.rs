//! The steps of a write: a test can stop the process or fail the disk before each of them.

use std::io;

/// One step of the file store's writes, in their order.
#[cfg_attr(
    not(feature = "test-util"),
    expect(unreachable_pub, reason = "tests alone see it")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteStep {
    /// The store's directory is made.
    MakeDirectory,
    /// The lock file is opened, and made if it does not exist.
    OpenLock,
    /// A whole temporary file that a process left behind is written again, as it is.
    WriteAgain,
    /// A torn one is removed.
    RemoveTorn,
    /// A file that cannot be read gets a second name, under which it stays.
    KeepUnreadable,
    /// The copy before the last is removed.
    RemovePrevious,
    /// What is there gets a second name, under which it stays.
    KeepPrevious,
    /// The temporary file is made.
    Create,
    /// The first half of the content is written.
    Write,
    /// The other half is written.
    WriteRest,
    /// The temporary file is synced.
    Sync,
    /// The temporary file takes the name of the file.
    Rename,
    /// The directory is synced.
    SyncDirectory,
    /// A lease file is removed.
    RemoveLease,
    /// The operation is done, and its lock still held.
    Done,
}

/// Called before each step; without the feature `test-util` it lets everything pass.
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
