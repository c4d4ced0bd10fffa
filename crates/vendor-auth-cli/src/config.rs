//! The configuration: a TOML file with a profile for each token.

pub(crate) mod document;
pub(crate) mod profile;
pub(crate) mod secret;
pub(crate) mod settings;
mod vendors;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::document::{Document, Mistake};
use self::profile::Profile;
use self::settings::{HttpSettings, StoreSettings};
use crate::failure::Failure;

/// Everything that a configuration says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    path: PathBuf,
    pub(crate) store: StoreSettings,
    pub(crate) http: HttpSettings,
    profiles: BTreeMap<String, Profile>,
}

impl Config {
    /// Reads the given file, or the one of this user.
    pub(crate) fn load(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => default_path()?,
        };
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::config(format!(
                "{} does not exist; write one with `vendor-auth init`",
                path.display()
            ))),
            Err(error) => Err(Failure::config(format!("{}: {error}", path.display()))),
        }
    }

    /// Reads the text of a configuration.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut document = Document::parse(path, text)?;
        let store = document.section("store")?;
        let http = document.section("http")?;
        let mut profiles = BTreeMap::new();
        for (name, table) in document.take_profiles()? {
            let profile = Profile::read(&document, &name, table)?;
            profiles.insert(name, profile);
        }
        document.refuse_others(&["store", "http", "profiles"])?;
        Ok(Self {
            path: path.to_owned(),
            store: store.unwrap_or_default(),
            http: http.unwrap_or_default(),
            profiles,
        })
    }

    /// Returns the profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        let found = self.profiles.get(name);
        found.ok_or_else(|| Failure::config(self.no_profile(name)))
    }

    /// Returns all profiles, by name.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// Returns the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the failure of something that the configuration says.
    pub(crate) fn mistake(&self, mistake: &Mistake) -> Failure {
        mistake.in_file(&self.path)
    }

    fn no_profile(&self, name: &str) -> String {
        let path = self.path.display();
        if self.profiles.is_empty() {
            return format!("{path}: there is no profile; write `[profiles.{name}]`");
        }
        let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
        let names = names.join(", ");
        format!("{path}: there is no profile `{name}`; there are: {names}")
    }
}

/// Returns where this user's configuration is.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy()
        .map_err(|_| Failure::config("this user has no home directory; write `--config FILE`"))?;
    Ok(base.config_dir().join("vendor-auth").join("config.toml"))
}
