//! Files beside the store, for the commands that come next. They contain no secret.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use vendor_auth::types::TokenKey;

use crate::config::profile::Profile;
use crate::config::simulator;
use crate::directory::make_private;

/// The file of one grant; without a home directory there is none.
#[derive(Clone, Debug)]
pub(crate) struct StateFile(Option<PathBuf>);

impl StateFile {
    /// Returns the file of this grant in this folder.
    pub(crate) fn of(profile: &Profile, key: &TokenKey, folder: &str) -> Self {
        let state = match profile.is_simulated {
            true => simulator::directory(),
            false => simulator::state_directory(),
        };
        let Some(state) = state else {
            return Self(None);
        };
        let digest = Sha256::digest(key.as_str());
        let name = base16ct::lower::encode_string(&digest);
        let path = state.join(folder).join(name);
        Self(Some(path.with_extension("json")))
    }

    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let text = fs::read(self.0.as_ref()?).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Replaces the file at once. If it cannot be written, the next command only knows less.
    pub(crate) fn replace(&self, state: &impl Serialize) {
        let Some((path, directory)) = self.0.as_ref().and_then(|it| Some((it, it.parent()?)))
        else {
            return;
        };
        let written = || -> io::Result<()> {
            // The store is beside it, and refuses a parent that others can write to.
            make_private(directory)?;
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            file.write_all(&serde_json::to_vec(state)?)?;
            file.persist(path)?;
            Ok(())
        };
        drop(written());
    }

    pub(crate) fn remove(&self) {
        if let Some(path) = &self.0 {
            drop(fs::remove_file(path));
        }
    }
}
