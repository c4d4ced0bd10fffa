//! Waiting for another holder's commit.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use token_core::store::Entry;
use token_core::{Generation, TokenKey};
use tokio::time::timeout;

use crate::call::Call;
use crate::place::Place;
use crate::store::FileStore;

/// The shortest and the longest time between two looks at the files, of two system calls each.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What tells one version of the files from another without reading them.
#[derive(Clone, PartialEq, Eq)]
struct Mark {
    file: Option<(u64, u64, Option<SystemTime>)>,
    leased: bool,
}

impl FileStore {
    /// What is stored when it is of another generation, or when a lease was given back; `None`
    /// after `at_most`.
    pub(crate) async fn until_changed(
        &self,
        key: &TokenKey,
        seen: Option<Generation>,
        at_most: Duration,
    ) -> Option<Entry> {
        // One thread waits and reads: whoever is woken among many should not have to change threads
        // before it can look.
        let watching = self.at_files(key, move |store, place, call| {
            Ok(store.watch(place, seen, at_most, call))
        });
        timeout(at_most, watching).await.ok()?.ok()?
    }

    fn watch(
        &self,
        place: &Place,
        seen: Option<Generation>,
        at_most: Duration,
        call: &Call,
    ) -> Option<Entry> {
        let mut waited = Duration::ZERO;
        let mut last: Option<Mark> = None;
        while !call.has_left() {
            let mark = mark(place);
            // It may have been given back before the wait began.
            let given_back = last.as_ref().is_none_or(|last| last.leased) && !mark.leased;
            let written = last.as_ref().is_none_or(|last| last.file != mark.file);
            if (given_back || written)
                && let Ok(entry) = self.entry(place)
                && (given_back || entry.generation() != seen)
            {
                return Some(entry);
            }
            last = Some(mark);
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

/// A sixteenth of the wait so far: an exchange that is quick is noticed soon, and a long one costs
/// little.
fn pause_after(waited: Duration) -> Duration {
    (waited / 16).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

fn mark(place: &Place) -> Mark {
    Mark {
        file: fs::metadata(place.file()).ok().map(|file| version(&file)),
        leased: is_there(&place.lease()),
    }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn version(file: &Metadata) -> (u64, u64, Option<SystemTime>) {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(file);
    #[cfg(not(unix))]
    let number = 0;
    (number, file.len(), file.modified().ok())
}
