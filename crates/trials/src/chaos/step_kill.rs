//! A process that kills itself before one step of a file's write, after it has the vendor's answer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};
use serde_json::Value;
use token_file::test_util::WriteStep;

use super::protocol::{FromWorker, report};

/// The step of its writes before which this process kills itself.
#[derive(Debug)]
pub(super) struct StepKill {
    folder: PathBuf,
    /// Number of steps after the answer; zero: it stays alive.
    steps_left: AtomicU32,
    has_answer: AtomicBool,
}

impl StepKill {
    /// Returns the state of a process that writes its tokens into this folder and stays alive.
    pub(super) fn of(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            steps_left: AtomicU32::new(0),
            has_answer: AtomicBool::new(false),
        }
    }

    /// Sets the step before which it dies: the step with this number after its next answer, counted
    /// from one; zero cancels.
    pub(super) fn arm(&self, step: u32) {
        self.has_answer.store(false, Ordering::SeqCst);
        self.steps_left.store(step, Ordering::SeqCst);
    }

    /// Notes that the vendor issued a token.
    pub(super) fn answered(&self) {
        self.has_answer.store(true, Ordering::SeqCst);
    }

    /// Called before each step, with the file lock held. Does not return from the last one.
    pub(super) fn before(&self, step: WriteStep) -> io::Result<()> {
        if !self.has_answer.load(Ordering::SeqCst) {
            return Ok(());
        }
        let one_less = |left: u32| left.checked_sub(1);
        let left = self
            .steps_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        if left != Ok(1) {
            return Ok(());
        }
        report(&FromWorker::Dying {
            before: format!("{step:?}"),
            whole: whole_on_disk(&self.folder),
        });
        kill_process(getpid(), Signal::KILL)?;
        loop {
            std::thread::park();
        }
    }
}

/// Returns the generation of the token in a completely written temporary file of this folder.
pub(super) fn whole_on_disk(folder: &Path) -> Option<u64> {
    let files = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let temporary = files.filter(|file| file.file_name().to_string_lossy().ends_with(".json.new"));
    let texts = temporary.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.filter_map(|text| generation_in(&text)).max()
}

/// Returns the generation in a file if it is complete: it begins with a line of JSON and ends with
/// a line that has its hash.
fn generation_in(text: &str) -> Option<u64> {
    const HASH: &str = "sha256:";
    const HEX_DIGITS: usize = 64;
    let (content, check) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let line = content.lines().next()?;
    let is_whole = check
        .strip_prefix(HASH)
        .is_some_and(|hex| hex.len() == HEX_DIGITS);
    let page: Value = serde_json::from_str(line).ok().filter(|_| is_whole)?;
    page.pointer("/record/generation")?.as_u64()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use token_file::FileStore;
    use vendor_auth::Secret;
    use vendor_auth::types::store::{CommitCondition, Record, RefreshFingerprint, TokenStore as _};
    use vendor_auth::types::{Generation, TokenKey};

    use super::*;

    // FAULTS.md row 97
    #[tokio::test]
    async fn a_token_is_complete_on_disk_from_the_end_of_the_write_until_the_rename() {
        let folder = std::env::temp_dir().join(format!("chaos-whole-{}", std::process::id()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (looking, noted) = (folder.clone(), seen.clone());
        let store = FileStore::at(&folder).before_each_step(move |step| {
            let entry = (format!("{step:?}"), whole_on_disk(&looking));
            noted.lock().unwrap().push(entry);
            Ok(())
        });
        let record = Record::new(
            RefreshFingerprint([1; 32]),
            Generation::new(7),
            Secret::from("{}"),
        );
        let key = TokenKey::of("vendor", "host", "grant");
        store
            .commit(&key, &CommitCondition::Overwrite, &record)
            .await
            .unwrap();
        fs::remove_dir_all(folder).unwrap();
        let whole = |step: &str| {
            let seen = seen.lock().unwrap();
            seen.iter()
                .find(|(name, _)| name == step)
                .and_then(|(_, whole)| *whole)
        };
        assert_eq!(whole("WriteRest"), None);
        assert_eq!(whole("Sync"), Some(7));
        assert_eq!(whole("Rename"), Some(7));
        assert_eq!(whole("SyncDirectory"), None);
    }
}
