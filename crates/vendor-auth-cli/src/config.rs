//! The configuration: a TOML file with a profile for each token.

pub(crate) mod document;
pub(crate) mod login;
pub(crate) mod pool;
pub(crate) mod profile;
pub(crate) mod reader;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod simulator;
pub(crate) mod vendors;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use vendor_auth::types::ApiOrigin;

use self::document::{Document, Lines, Mistake};
use self::profile::{Credentials, Profile};
use self::settings::{HttpSettings, StoreSettings};
use self::simulator::NOT_RUNNING;
use crate::failure::Failure;
use crate::text_file;

/// Everything that a configuration says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    path: PathBuf,
    pub(crate) store: StoreSettings,
    store_lines: Lines,
    pub(crate) http: HttpSettings,
    http_lines: Lines,
    profiles: BTreeMap<String, Profile>,
    /// The profiles of the simulator, while it runs.
    simulated: Option<Box<Self>>,
    secret_variables: Vec<String>,
}

impl Config {
    /// Reads the given file, or the one of this user.
    pub(crate) fn load(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => default_path()?,
        };
        let simulated = Self::simulated();
        let own = match text_file::read(&path) {
            Ok(text) => Self::parse(&path, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if given.is_some() || simulated.is_none() {
                    return Err(does_not_exist(&path));
                }
                Self {
                    path,
                    ..Self::default()
                }
            }
            Err(error) => {
                let path = path.display();
                return Err(Failure::config(format!("{path} cannot be read: {error}")));
            }
        };
        Ok(Self { simulated, ..own })
    }

    /// Returns the profiles of the simulator, if it runs.
    fn simulated() -> Option<Box<Self>> {
        let path = simulator::running()?;
        let text = text_file::read(&path).ok()?;
        let mut config = Self::parse(&path, &text).ok()?;
        let profiles = config.profiles.values_mut();
        profiles.for_each(|profile| profile.is_simulated = true);
        Some(Box::new(config))
    }

    /// Reads the text of a configuration.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut document = Document::parse(path, text)?;
        let secret_variables = pool::with_those_of_accounts(document.secret_variables());
        let (store, store_lines) = document.section::<StoreSettings>("store")?;
        store
            .check(&store_lines)
            .map_err(|mistake| document.mistake(&mistake))?;
        let (http, http_lines) = document.section("http")?;
        let mut profiles = BTreeMap::new();
        for (name, table) in document.take_profiles()? {
            let profile = Profile::read(&document, &name, table)?;
            profiles.insert(name, profile);
        }
        document.refuse_others(&["store", "http", "profiles"])?;
        Ok(Self {
            path: path.to_owned(),
            store,
            store_lines,
            http,
            http_lines,
            profiles,
            simulated: None,
            secret_variables,
        })
    }

    /// Returns the profile of this name: this user's, or the running simulator's.
    ///
    /// That of an account of a pool is `POOL/ACCOUNT`.
    pub(crate) fn profile(&self, name: &str) -> Result<Profile, Failure> {
        let profile = self.profile_or_pool(name)?;
        match profile.pool {
            None => Ok(profile),
            Some(_) => Err(profile.which_account()),
        }
    }

    /// The same, or a pool.
    pub(crate) fn profile_or_pool(&self, name: &str) -> Result<Profile, Failure> {
        if let Some(profile) = self.written(name) {
            return Ok(profile.clone());
        }
        let of_account = || {
            let (pool, account) = name.rsplit_once('/')?;
            Some((self.written(pool)?, account))
        };
        match of_account() {
            Some((pool, account)) => pool.of_account(account),
            None => Err(Failure::config(self.no_profile(name))),
        }
    }

    /// Returns the profile that is written under this name.
    fn written(&self, name: &str) -> Option<&Profile> {
        let simulated = self.simulated.as_deref();
        let found = self.profiles.get(name);
        found.or_else(|| simulated?.profiles.get(name))
    }

    /// Returns all profiles and pools, by name: this user's, or the running simulator's if there
    /// are none.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        match (&self.simulated, self.profiles.is_empty()) {
            (Some(simulated), true) => simulated.profiles.values(),
            _ => self.profiles.values(),
        }
    }

    /// The same without the pools: each is the profile of one token.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Profile> {
        self.profiles().filter(|profile| profile.pool.is_none())
    }

    /// Returns the configuration that a profile is from: this one, or the simulator's.
    pub(crate) fn of(&self, profile: &Profile) -> &Self {
        match &self.simulated {
            Some(simulated) if profile.is_simulated => simulated,
            _ => self,
        }
    }

    /// Returns the origins to which a profile's token may be sent.
    pub(crate) fn origins(&self, profile: &Profile) -> Result<Vec<ApiOrigin>, Failure> {
        let endpoint = profile.endpoint(Credentials::Omitted);
        let origins = endpoint.and_then(|endpoint| profile.origins(&*endpoint));
        origins.map_err(|mistake| self.of(profile).mistake(&mistake))
    }

    /// Returns the environment variables that have secrets: no other program needs them.
    pub(crate) fn secret_variables(&self) -> &[String] {
        &self.secret_variables
    }

    /// Returns the failure of a command that needs a profile, if there is none.
    pub(crate) fn no_profiles(&self) -> Failure {
        Failure::config(self.no_profile("NAME"))
    }

    /// Returns the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the failure of a key of `[store]`.
    pub(crate) fn mistake_in_store(&self, key: &str, why: impl Into<String>) -> Failure {
        self.mistake(&self.store_lines.mistake(key, why))
    }

    /// Returns the failure of a key of `[http]`.
    pub(crate) fn mistake_in_http(&self, key: &str, why: impl Into<String>) -> Failure {
        self.mistake(&self.http_lines.mistake(key, why))
    }

    /// Returns the failure of something that the configuration says.
    pub(crate) fn mistake(&self, mistake: &Mistake) -> Failure {
        mistake.in_file(&self.path)
    }

    fn no_profile(&self, name: &str) -> String {
        let path = self.path.display();
        let hint = match simulator::PROFILES.contains(&name) {
            true => format!(" (the simulator has one, but {NOT_RUNNING})"),
            false => String::new(),
        };
        if self.profiles.is_empty() {
            return format!("{path}: there is no profile; write `[profiles.{name}]`{hint}");
        }
        let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
        let names = names.join(", ");
        format!("{path}: there is no profile `{name}`; there are: {names}{hint}")
    }
}

fn does_not_exist(path: &Path) -> Failure {
    Failure::config(format!(
        "{} does not exist; write one with `vendor-auth init`. For its profile `demo`, {NOT_RUNNING}",
        path.display()
    ))
}

/// Returns where this user's configuration is.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy()
        .map_err(|_| Failure::config("this user has no home directory; write `--config FILE`"))?;
    Ok(base.config_dir().join("vendor-auth").join("config.toml"))
}
