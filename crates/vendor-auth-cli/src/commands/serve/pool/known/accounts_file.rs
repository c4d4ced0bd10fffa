//! A file with the accounts of a pool, one on each line. It is read again when it has changed.

mod list;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::spawn_blocking;

use self::list::List;
use crate::config::document::resolve;
use crate::failure::say;
use crate::{grant, text_file};

/// The file, and what it had last.
#[derive(Clone)]
pub(super) struct AccountsFile {
    path: PathBuf,
    list: Arc<Mutex<List>>,
}

impl AccountsFile {
    /// The file that this configuration means.
    pub(super) fn at(config: &Path, path: &Path) -> Self {
        Self {
            path: resolve(config, path),
            list: Arc::default(),
        }
    }

    /// Returns whether it has this account. A failure says why it cannot be read.
    pub(super) async fn has(&self, account: &str) -> Result<bool, String> {
        self.looked(account, Self::look).await
    }

    /// Returns the same for what need not be newer: a file that cannot be read, or is being
    /// written, does not show that anybody left. It fails only if the file was never read.
    pub(super) async fn has_or_had(&self, account: &str) -> Result<bool, String> {
        self.looked(account, Self::look_back).await
    }

    async fn looked(
        &self,
        account: &str,
        look: fn(&Self, &str) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let (file, account) = (self.clone(), account.to_owned());
        let looked = spawn_blocking(move || look(&file, &account)).await;
        looked.unwrap_or_else(|_| Err("`accounts_file` was not read".to_owned()))
    }

    fn look(&self, account: &str) -> Result<bool, String> {
        let mut list = self.lock();
        self.read(&mut list)?;
        Ok(list.has(account))
    }

    fn look_back(&self, account: &str) -> Result<bool, String> {
        let mut list = self.lock();
        match self.read(&mut list) {
            Err(why) if !list.was_read() => return Err(why),
            Err(why) if list.begins_to_be_unread() => {
                say(&format!("{why}; what it had last counts for refreshes"));
            }
            _ => {}
        }
        Ok(list.has_or_had(account, grant::now()))
    }

    /// Reads the file if it has changed.
    fn read(&self, list: &mut List) -> Result<(), String> {
        let unread = |error| {
            let path = self.path.display();
            format!("`accounts_file` {path} cannot be read: {error}")
        };
        let found = fs::metadata(&self.path).map_err(unread)?;
        let version = (found.modified().ok(), found.len());
        if !list.is_of(version) {
            let text = text_file::read(&self.path).map_err(unread)?;
            list.take(version, &text, grant::now());
        }
        list.can_be_read();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
