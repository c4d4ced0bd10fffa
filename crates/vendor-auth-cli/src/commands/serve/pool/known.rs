//! Which accounts a pool has. A client that may ask must not begin logins for any name.

mod accounts_file;

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::task::spawn_blocking;
use vendor_auth::types::Scrubber;
use vendor_auth::types::store::TokenStore;
use vendor_auth::{Error, ErrorKind};

use self::accounts_file::AccountsFile;
use super::names::key_of;
use crate::commands::serve::answer::Refusal;
use crate::config::pool::{ACCOUNTS, PLACE, Template, is_account};
use crate::config::profile::Profile;
use crate::config::secret::SecretSource;
use crate::failure::Failure;

/// What tells which accounts there are. All of it must agree.
pub(super) struct Known {
    file: Option<AccountsFile>,
    /// The keys of secrets that can be looked for without reading them.
    secrets: Arc<[String]>,
    /// The store, if nothing else tells: it has the accounts for which somebody has logged in.
    store: Option<Arc<dyn TokenStore>>,
}

impl Known {
    /// Fails if nothing tells which accounts there are.
    pub(super) fn of(
        store: &Arc<dyn TokenStore>,
        pool: &Profile,
        template: &Template,
    ) -> Result<Self, Failure> {
        let file = template.settings.accounts_file.as_deref();
        let file = file.map(|path| AccountsFile::at(pool.config(), path));
        let sources = pool.secret_sources();
        let telling = sources.into_iter().filter(|(_, source)| tells(source));
        let secrets: Arc<[String]> = telling.map(|(key, _)| key).collect();
        let is_told = file.is_some() || !secrets.is_empty();
        if !is_told && pool.begins_by_itself() {
            let why = format!(
                "nothing tells which accounts there are, and whoever asks could begin a login for \
                 any name; write accounts_file = \"PATH\", or `{PLACE}` in the file or the variable \
                 of a secret"
            );
            return Err(pool.mistake("pool", why).in_file(pool.config()));
        }
        let store = match is_told || pool.begins_by_itself() {
            true => None,
            false => Some(Arc::clone(store)),
        };
        Ok(Self {
            file,
            secrets,
            store,
        })
    }

    /// Refuses an account that is not known.
    pub(super) async fn check(&self, pool: &Arc<Profile>, account: &str) -> Result<(), Refusal> {
        if !is_account(account) {
            // It may be long, or direct a terminal.
            let why = format!(
                "{}: this is not the name of an account: {ACCOUNTS}",
                pool.name
            );
            return Err(refused(why));
        }
        let name = format!("{}/{account}", pool.name);
        match self.is_listed(account).await {
            Ok(true) => {}
            Ok(false) => return Err(unknown(&name, "it is not in `accounts_file`")),
            Err(why) => return Err(unusable(&name, why)),
        }
        if !self.has_secrets(pool, account).await {
            return Err(unknown(&name, "it has no secret"));
        }
        match &self.store {
            Some(store) => check_login(&**store, pool, account, &name).await,
            None => Ok(()),
        }
    }

    /// Fails if this account has left the file. Nobody asks for what is kept fresh, so the file may
    /// be unreadable for a while.
    pub(super) async fn check_listed(&self, pool: &Profile, account: &str) -> Result<(), Error> {
        let listed = match &self.file {
            Some(file) => file.has_or_had(account).await,
            None => return Ok(()),
        };
        let why = match listed {
            Ok(true) => return Ok(()),
            Ok(false) => format!(
                "it is not in `accounts_file`; `vendor-auth logout {}/{account}` ends its grant",
                pool.name
            ),
            Err(why) => why,
        };
        let error = Error::new(ErrorKind::Config, "this account is not known");
        Err(error.with_message(&why, &Scrubber::new([])))
    }

    /// Returns whether the file has this account, if there is one.
    async fn is_listed(&self, account: &str) -> Result<bool, String> {
        match &self.file {
            Some(file) => file.has(account).await,
            None => Ok(true),
        }
    }

    /// Returns whether each place that should have a secret of this account has one.
    async fn has_secrets(&self, pool: &Arc<Profile>, account: &str) -> bool {
        if self.secrets.is_empty() {
            return true;
        }
        let (keys, pool) = (Arc::clone(&self.secrets), Arc::clone(pool));
        let account = account.to_owned();
        // A slow disk delays nothing else.
        let looked = spawn_blocking(move || {
            let Ok(profile) = pool.of_account(&account) else {
                return false;
            };
            let sources = profile.secret_sources().into_iter();
            let mut sources = sources.filter(|(key, _)| keys.contains(key));
            sources.all(|(_, source)| source.is_there(profile.config()))
        });
        looked.await.unwrap_or(false)
    }
}

/// Refuses an account for which nobody has logged in.
async fn check_login(
    store: &dyn TokenStore,
    pool: &Profile,
    account: &str,
    name: &str,
) -> Result<(), Refusal> {
    let key = key_of(pool, account).map_err(|failure| unusable(name, failure.to_string()))?;
    match store.load(&key).await {
        Ok(entry) if entry.record.is_none() => {
            let why = format!("{name}: nobody has logged in; run `vendor-auth login {name}`");
            Err(Refusal::new(StatusCode::CONFLICT, "login_required", why))
        }
        // The request for a token says why the store cannot be read.
        _ => Ok(()),
    }
}

/// Returns whether the place of a secret tells that there is an account.
fn tells(source: &SecretSource) -> bool {
    match source {
        SecretSource::Env(name) => name.contains(PLACE),
        SecretSource::File(path) => path.to_string_lossy().contains(PLACE),
        SecretSource::Keyring { .. } | SecretSource::Command(_) => false,
    }
}

fn unknown(name: &str, why: &str) -> Refusal {
    refused(format!("{name}: this account is not known: {why}"))
}

fn refused(why: String) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "unknown_account", why)
}

fn unusable(name: &str, why: impl AsRef<str>) -> Refusal {
    let why = format!("{name}: {}", why.as_ref());
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "configuration", why)
}
