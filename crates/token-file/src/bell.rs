//! Being told that something happened in a directory, where the kernel tells it.

use std::path::Path;
use std::time::Duration;

/// How often a waiter looks whom nobody tells: a few system calls each time.
const UNTOLD: Duration = Duration::from_millis(20);

/// Rings when a file of a directory was renamed into its place, or removed. It may ring for
/// nothing.
pub(crate) struct Bell {
    #[cfg(target_os = "linux")]
    watch: Option<inotify::Watch>,
}

#[cfg(target_os = "linux")]
impl Bell {
    /// A bell that hears all that happens from now on. Where the directory is not there, or its
    /// user has no watch left, nobody rings.
    pub(crate) fn in_directory(directory: &Path) -> Self {
        let watch = inotify::Watch::of(directory).ok();
        Self { watch }
    }

    /// Blocks until it rings, or for so long; returns how much of that time it used up without a
    /// ring.
    pub(crate) fn wait(&self, at_most: Duration) -> Duration {
        match &self.watch {
            Some(watch) => watch.wait(at_most),
            None => nap(at_most),
        }
    }

    /// Tells the kernel that nobody listens any more.
    pub(crate) fn take_down(self) {
        drop(self.watch);
    }
}

#[cfg(not(target_os = "linux"))]
impl Bell {
    /// A bell that nobody rings.
    pub(crate) fn in_directory(_directory: &Path) -> Self {
        Self {}
    }

    /// Blocks for a while; returns how much of that time it used up.
    pub(crate) fn wait(&self, at_most: Duration) -> Duration {
        nap(at_most)
    }

    /// Nobody was told to ring it.
    pub(crate) fn take_down(self) {}
}

fn nap(at_most: Duration) -> Duration {
    let pause = at_most.min(UNTOLD);
    std::thread::sleep(pause);
    pause
}

#[cfg(target_os = "linux")]
mod inotify {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
    use rustix::io::Errno;

    use super::nap;

    /// How long a thread stays in the kernel at most: its caller may be gone.
    const LONGEST_STAY: Duration = Duration::from_millis(100);

    pub(crate) struct Watch(OwnedFd);

    impl Watch {
        pub(crate) fn of(directory: &Path) -> io::Result<Self> {
            let watch = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            add_watch(&watch, directory, WatchFlags::MOVED_TO | WatchFlags::DELETE)?;
            Ok(Self(watch))
        }

        pub(crate) fn wait(&self, at_most: Duration) -> Duration {
            let stay = at_most.min(LONGEST_STAY);
            let Ok(within) = Timespec::try_from(stay) else {
                return nap(at_most);
            };
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&within)) {
                Ok(0) => stay,
                Ok(_) => {
                    self.drain();
                    Duration::ZERO
                }
                Err(Errno::INTR) => Duration::ZERO,
                Err(_) => nap(at_most),
            }
        }

        /// What happened is not asked: the files tell.
        fn drain(&self) {
            let mut room = [MaybeUninit::uninit(); 4096];
            let mut events = Reader::new(&self.0, &mut room);
            while events.next().is_ok() {}
        }
    }
}
