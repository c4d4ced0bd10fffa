//! A file with the accounts of a pool, one on each line. It is read again when it has changed.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::task::spawn_blocking;

use crate::config::document::resolve;
use crate::text_file;

/// The file, and what it had last.
#[derive(Clone)]
pub(super) struct AccountsFile {
    path: PathBuf,
    read: Arc<Mutex<Option<Read>>>,
}

struct Read {
    of: Version,
    accounts: HashSet<String>,
}

/// What tells that a file has changed.
type Version = (Option<SystemTime>, u64);

impl AccountsFile {
    /// The file that this configuration means.
    pub(super) fn at(config: &Path, path: &Path) -> Self {
        Self {
            path: resolve(config, path),
            read: Arc::default(),
        }
    }

    /// Returns whether it has this account. A failure says why it cannot be read.
    pub(super) async fn has(&self, account: &str) -> Result<bool, String> {
        let (file, account) = (self.clone(), account.to_owned());
        let looked = spawn_blocking(move || file.look(&account)).await;
        looked.unwrap_or_else(|_| Err("`accounts_file` was not read".to_owned()))
    }

    fn look(&self, account: &str) -> Result<bool, String> {
        let unread = |error| {
            let path = self.path.display();
            format!("`accounts_file` {path} cannot be read: {error}")
        };
        let found = fs::metadata(&self.path).map_err(unread)?;
        let version = (found.modified().ok(), found.len());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = read.as_ref().filter(|read| read.of == version) {
            return Ok(read.accounts.contains(account));
        }
        let text = text_file::read(&self.path).map_err(unread)?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let accounts: HashSet<_> = lines.map(str::to_owned).collect();
        let has_it = accounts.contains(account);
        *read = Some(Read {
            of: version,
            accounts,
        });
        Ok(has_it)
    }
}
