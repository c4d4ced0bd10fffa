//! Waiting for another process's commit.

use std::fs::{self, Metadata};
use std::time::{Duration, SystemTime};

use token_core::store::Entry;
use token_core::{Generation, TokenKey};
use tokio::time::timeout;

use crate::file_lock::Call;
use crate::store::FileStore;
use crate::token_paths::TokenPaths;

/// The shortest and the longest interval between two checks of the files, of two system calls each.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The metadata that distinguishes one version of the files from another without reading them.
#[derive(Clone, PartialEq, Eq)]
struct Version {
    file: Option<(u64, u64, Option<SystemTime>)>,
    leased: bool,
}

impl FileStore {
    /// Waits until another generation is stored or a lease is released, and returns what is stored;
    /// `None` after `at_most`.
    pub(crate) async fn until_changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        // The same thread waits and reads: with many waiters, switching threads before the read is
        // slow.
        let watching = self.with_paths(key, move |store, paths, call| {
            Ok(store.watch(paths, seen, at_most, call))
        });
        timeout(at_most, watching).await.ok()?.ok()?
    }

    fn watch(
        &self,
        paths: &TokenPaths,
        seen: Option<Generation>,
        at_most: Duration,
        call: &Call,
    ) -> Option<Entry> {
        let mut waited = Duration::ZERO;
        let mut last: Option<Version> = None;
        while !call.is_abandoned() {
            let now = Version::of(paths);
            // The lease may have been released before the wait began.
            let released = last.as_ref().is_none_or(|last| last.leased) && !now.leased;
            let written = last.as_ref().is_none_or(|last| last.file != now.file);
            if (released || written)
                && let Ok(entry) = self.entry(paths)
                && (released || entry.generation() != seen)
            {
                return Some(entry);
            }
            last = Some(now);
            if waited >= at_most {
                return None;
            }
            let pause = pause_after(waited).min(at_most - waited);
            std::thread::sleep(pause);
            waited += pause;
        }
        None
    }
}

/// Returns a sixteenth of the time waited so far: the end of a quick exchange is noticed soon, and
/// waiting for a slow one costs little.
fn pause_after(waited: Duration) -> Duration {
    (waited / 16).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

impl Version {
    fn of(paths: &TokenPaths) -> Self {
        Self {
            file: fs::metadata(paths.file()).ok().map(|file| identity(&file)),
            leased: fs::symlink_metadata(paths.lease()).is_ok(),
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64, Option<SystemTime>) {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(file);
    #[cfg(not(unix))]
    let number = 0;
    (number, file.len(), file.modified().ok())
}
