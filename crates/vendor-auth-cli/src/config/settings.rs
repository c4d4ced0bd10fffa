//! The sections `[store]` and `[http]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::document::{Lines, Mistake};
use super::secret::SecretSource;

/// Where tokens are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreSettings {
    #[serde(default)]
    pub(crate) kind: StoreKind,
    /// Of files. Default: in the user's directory for application state.
    pub(crate) directory: Option<PathBuf>,
    /// Of a server, without its password.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "redis")),
        expect(dead_code, reason = "of servers")
    )]
    pub(crate) url: Option<String>,
    /// The server's password.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "redis")),
        expect(dead_code, reason = "of servers")
    )]
    pub(crate) password: Option<SecretSource>,
    /// What encrypts the records. Servers need it.
    pub(crate) sealing: Option<SealingSettings>,
    /// Begins the names of Redis' keys.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "of Redis"))]
    pub(crate) prefix: Option<String>,
    /// Of PostgreSQL.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "of PostgreSQL"))]
    pub(crate) schema: Option<String>,
    /// Of PostgreSQL.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "of PostgreSQL"))]
    pub(crate) table: Option<String>,
    /// A PEM file with the certificate authorities of the server.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "redis")),
        expect(dead_code, reason = "of servers")
    )]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    /// Files: processes of one user on one machine share tokens.
    #[default]
    File,
    /// Hosts share tokens over Redis.
    Redis,
    /// Hosts share tokens over PostgreSQL.
    Postgres,
}

impl StoreSettings {
    /// Refuses a key that its kind does not have: who writes a URL does not mean files.
    pub(super) fn check(&self, lines: &Lines) -> Result<(), Mistake> {
        let Some(key) = lines.find(|key| !self.kind.keys().contains(&key)) else {
            return Ok(());
        };
        let kinds = [StoreKind::File, StoreKind::Redis, StoreKind::Postgres];
        let with_it = kinds.iter().filter(|kind| kind.keys().contains(&key));
        let names: Vec<_> = with_it.map(|kind| format!("\"{}\"", kind.name())).collect();
        let (name, names) = (self.kind.name(), names.join(" or "));
        let why = format!("is not for kind = \"{name}\"; write kind = {names}, or remove `{key}`");
        Err(lines.mistake(key, why))
    }
}

impl StoreKind {
    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::File => &["kind", "directory", "sealing"],
            Self::Redis => &["kind", "url", "password", "sealing", "prefix", "ca_file"],
            Self::Postgres => &[
                "kind", "url", "password", "sealing", "schema", "table", "ca_file",
            ],
        }
    }
}

/// The key that encrypts records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealingSettings {
    pub(crate) key_id: String,
    /// 32 bytes in base64.
    pub(crate) key: SecretSource,
}

/// How vendors are reached.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    /// Default: the proxy of the environment. `"direct"` is none.
    pub(crate) proxy: Option<String>,
    /// A PEM file with certificate authorities beside those of the machine.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) connect_timeout_seconds: Option<u64>,
    pub(crate) read_timeout_seconds: Option<u64>,
}
