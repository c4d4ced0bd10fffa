//! The store that the configuration names.

pub(crate) mod writing;

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "postgres")]
use vendor_auth::PostgresStore;
#[cfg(feature = "redis")]
use vendor_auth::RedisStore;
use vendor_auth::sealing::{Sealing, SealingKey};
use vendor_auth::types::store::TokenStore;
#[cfg(any(feature = "postgres", feature = "redis"))]
use vendor_auth::types::store::{PasswordSource, StoreError};
use vendor_auth::{BuildError, FileStore};

use crate::config::Config;
use crate::config::document::resolve;
use crate::config::reader::why;
#[cfg(any(feature = "postgres", feature = "redis"))]
use crate::config::secret::{self, SecretSource};
use crate::config::settings::{SealingSettings, StoreKind, StoreSettings};
use crate::failure::Failure;

/// How long the tables of a server are waited for.
#[cfg(feature = "postgres")]
const PREPARATION: Duration = Duration::from_secs(5);

/// How often files are read for tokens of other processes.
const FILES_EVERY: Duration = Duration::from_secs(1);
/// How often a server is asked for them.
const SERVER_EVERY: Duration = Duration::from_secs(10);

/// Returns how often a program that goes on reads the store.
pub(crate) fn read_every(config: &Config) -> Duration {
    match config.store.kind {
        StoreKind::File => FILES_EVERY,
        StoreKind::Redis | StoreKind::Postgres => SERVER_EVERY,
    }
}

/// Opens the store. A server is not asked anything yet.
pub(crate) fn open(config: &Config) -> Result<Arc<dyn TokenStore>, Failure> {
    let settings = &config.store;
    match settings.kind {
        StoreKind::File => Ok(Arc::new(files(config, settings)?)),
        StoreKind::Redis => redis(config, settings),
        StoreKind::Postgres => postgres(config, settings),
    }
}

/// Creates the tables of PostgreSQL if they are missing. If that fails, the command that needs them
/// says so; a role that may not create them is no failure if they exist.
#[cfg(feature = "postgres")]
pub(crate) async fn prepare(config: &Config) -> Result<(), Failure> {
    if config.store.kind == StoreKind::Postgres {
        let store = postgres_store(config, &config.store)?;
        drop(tokio::time::timeout(PREPARATION, store.migrate()).await);
    }
    Ok(())
}

#[cfg(not(feature = "postgres"))]
pub(crate) async fn prepare(_config: &Config) -> Result<(), Failure> {
    Ok(())
}

fn files(config: &Config, settings: &StoreSettings) -> Result<FileStore, Failure> {
    let store = unsealed_files(config, settings)?;
    Ok(match &settings.sealing {
        Some(sealing) => store.sealed_with(sealing_of(config, sealing)?),
        None => store,
    })
}

fn unsealed_files(config: &Config, settings: &StoreSettings) -> Result<FileStore, Failure> {
    match &settings.directory {
        Some(directory) => Ok(FileStore::at(resolve(config.path(), directory))),
        None => FileStore::in_default_directory("vendor-auth").map_err(|it| wrong(config, &it)),
    }
}

#[cfg(feature = "redis")]
fn redis(config: &Config, settings: &StoreSettings) -> Result<Arc<dyn TokenStore>, Failure> {
    Ok(Arc::new(redis_store(config, settings)?))
}

#[cfg(feature = "redis")]
fn redis_store(config: &Config, settings: &StoreSettings) -> Result<RedisStore, Failure> {
    use vendor_auth::stores::redis::Servers;
    let url = url_of(config, settings)?;
    let mut builder = RedisStore::builder(Servers::node(url), required_sealing(config, settings)?);
    if let Some(prefix) = &settings.prefix {
        builder = builder.prefix(prefix);
    }
    if let Some(source) = &settings.password {
        builder = builder.password_source(password(config, source));
    }
    if let Some(pem) = certificate_authorities(config, settings)? {
        builder = builder.certificate_authority_pem(&pem);
    }
    builder.build().map_err(|error| wrong(config, &error))
}

#[cfg(not(feature = "redis"))]
fn redis(config: &Config, _settings: &StoreSettings) -> Result<Arc<dyn TokenStore>, Failure> {
    Err(not_built_with(config, "redis"))
}

#[cfg(feature = "postgres")]
fn postgres(config: &Config, settings: &StoreSettings) -> Result<Arc<dyn TokenStore>, Failure> {
    Ok(Arc::new(postgres_store(config, settings)?))
}

#[cfg(feature = "postgres")]
fn postgres_store(config: &Config, settings: &StoreSettings) -> Result<PostgresStore, Failure> {
    let url = url_of(config, settings)?;
    let mut builder = PostgresStore::builder(required_sealing(config, settings)?).url(url);
    if let Some(schema) = &settings.schema {
        builder = builder.schema(schema);
    }
    if let Some(table) = &settings.table {
        builder = builder.table(table);
    }
    if let Some(source) = &settings.password {
        builder = builder.password_source(password(config, source));
    }
    if let Some(pem) = certificate_authorities(config, settings)? {
        builder = builder.root_certificates_pem(&pem);
    }
    builder.build().map_err(|error| wrong(config, &error))
}

#[cfg(not(feature = "postgres"))]
fn postgres(config: &Config, _settings: &StoreSettings) -> Result<Arc<dyn TokenStore>, Failure> {
    Err(not_built_with(config, "postgres"))
}

/// Returns the server's URL. A password has no place in it.
#[cfg(any(feature = "postgres", feature = "redis"))]
fn url_of(config: &Config, settings: &StoreSettings) -> Result<String, Failure> {
    let Some(url) = &settings.url else {
        return Err(config.mistake_in_store("url", "is missing; write url = \"…\""));
    };
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let has_password = authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'));
    match has_password || url.contains("password=") {
        true => {
            let why = format!("has a password; remove it, and {}", secret::FORMS);
            Err(config.mistake_in_store("url", why.replace("write", "write password =")))
        }
        false => Ok(url.clone()),
    }
}

#[cfg(any(feature = "postgres", feature = "redis"))]
fn required_sealing(config: &Config, settings: &StoreSettings) -> Result<Sealing, Failure> {
    match &settings.sealing {
        Some(sealing) => sealing_of(config, sealing),
        None => Err(config.mistake_in_store(
            "sealing",
            "is missing: a server's records are encrypted; write \
             sealing = { key_id = \"1\", key = { env = \"NAME\" } } with 32 bytes in base64, \
             such as from `openssl rand -base64 32`",
        )),
    }
}

#[cfg(any(feature = "postgres", feature = "redis"))]
fn certificate_authorities(
    config: &Config,
    settings: &StoreSettings,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &settings.ca_file else {
        return Ok(None);
    };
    let path = resolve(config.path(), path);
    let pem = std::fs::read(&path).map_err(|error| {
        config.mistake_in_store(
            "ca_file",
            format!("{} cannot be read: {error}", path.display()),
        )
    })?;
    Ok(Some(pem))
}

fn sealing_of(config: &Config, settings: &SealingSettings) -> Result<Sealing, Failure> {
    let key = settings
        .key
        .read(config.path())
        .map_err(|why| config.mistake_in_store("sealing.key", why))?;
    let key = SealingKey::from_base64(&settings.key_id, &key).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("`sealing key` ") {
            Some(why) => {
                let why = format!("{why}, such as from `openssl rand -base64 32`");
                config.mistake_in_store("sealing.key", why)
            }
            None => config.mistake_in_store("sealing", text),
        }
    })?;
    Ok(Sealing::with(key))
}

fn wrong(config: &Config, error: &BuildError) -> Failure {
    let key = match error.field() {
        "servers" => {
            let why = "must be a URL such as redis://host:6379 or, with TLS, rediss://host:6379; \
                       `ca_file` needs TLS, and must be a PEM file";
            return config.mistake_in_store("url", why);
        }
        field if field.starts_with("root") => "ca_file",
        field => field,
    };
    config.mistake_in_store(key, why(error))
}

#[cfg(not(all(feature = "postgres", feature = "redis")))]
fn not_built_with(config: &Config, feature: &str) -> Failure {
    let why = format!("is \"{feature}\", but this program was built without that feature");
    config.mistake_in_store("kind", why)
}

/// Returns what reads the server's password when the store connects.
#[cfg(any(feature = "postgres", feature = "redis"))]
fn password(config: &Config, source: &SecretSource) -> impl PasswordSource {
    let (source, path) = (source.clone(), config.path().to_owned());
    move || {
        let (source, path) = (source.clone(), path.clone());
        async move {
            let read = tokio::task::spawn_blocking(move || source.read(&path)).await;
            let unread = StoreError::new("the server's password could not be read");
            match read {
                Ok(read) => read.map_err(|why| unread.with_detail(why)),
                Err(_) => Err(unread),
            }
        }
    }
}
