//! Looking whether something changed.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use token_core::store::StoreError;
use token_core::{Generation, Key};

use super::FileStore;
use super::lease::path_of;

/// How often a waiter looks: a few system calls each time.
const PAUSE: Duration = Duration::from_millis(20);

/// What tells one version of a file from another without reading it.
#[derive(Clone, PartialEq, Eq)]
struct Mark {
    file: Option<(u64, u64, Option<SystemTime>)>,
    leased: bool,
}

impl FileStore {
    /// Returns when another generation is stored, or a lease was given back. It never returns where the files cannot be read.
    pub(super) async fn until_changed(&self, key: &Key, seen: Option<Generation>) {
        let mut last: Option<Mark> = None;
        loop {
            if let Ok(mark) = self.mark(key).await {
                let given_back = last.as_ref().is_some_and(|last| last.leased) && !mark.leased;
                let written = last.as_ref().is_none_or(|last| last.file != mark.file);
                if given_back || (written && self.has_another(key, seen).await) {
                    return;
                }
                last = Some(mark);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn mark(&self, key: &Key) -> Result<Mark, StoreError> {
        let marked = self.at_files(key, |_, place| {
            Ok(Mark {
                file: fs::metadata(place.file()).ok().map(|file| version(&file)),
                leased: is_there(&path_of(place)),
            })
        });
        marked.await
    }

    async fn has_another(&self, key: &Key, seen: Option<Generation>) -> bool {
        let generation = self.at_files(key, |_, place| {
            let record = place.current()?.page.record;
            Ok(record.map(|record| record.generation))
        });
        generation.await.is_ok_and(|current| current != seen)
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
