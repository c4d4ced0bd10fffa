//! Whether the store can be written.

mod files;

use vendor_auth::types::store::StoreError;

pub(crate) use self::files::Directory;
use super::Config;
use crate::config::settings::StoreKind;
use crate::failure::{self, Failure};

/// Tries whether the store can be written, and leaves nothing behind.
pub(crate) async fn attempt(config: &Config) -> Result<(), Failure> {
    let tried = match config.store.kind {
        StoreKind::File => return Directory::of(config)?.attempt().map_err(Failure::from),
        StoreKind::Redis => redis(config).await?,
        StoreKind::Postgres => postgres(config).await?,
    };
    tried.map_err(|error| Failure::store(failure::text(&error.to_error())))
}

/// Rights in Redis are those of commands, so a lease is taken and given back.
#[cfg(feature = "redis")]
async fn redis(config: &Config) -> Result<Result<(), StoreError>, Failure> {
    use std::time::Duration;

    use vendor_auth::types::TokenKey;
    use vendor_auth::types::store::{Owner, TokenStore as _};

    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::store(format!("no random bytes: {error}")))?;
    let (owner, name) = (Owner::new(random), base16ct::lower::encode_string(&random));
    let key = TokenKey::of("doctor", "writing", &name);
    let store = super::redis_store(config, &config.store)?;
    let tried = async {
        store.check().await?;
        store.acquire(&key, &owner, Duration::from_secs(1)).await?;
        store.release(&key, &owner).await
    };
    Ok(tried.await)
}

#[cfg(not(feature = "redis"))]
async fn redis(config: &Config) -> Result<Result<(), StoreError>, Failure> {
    Err(super::not_built_with(config, "redis"))
}

/// PostgreSQL says what the role may do.
#[cfg(feature = "postgres")]
async fn postgres(config: &Config) -> Result<Result<(), StoreError>, Failure> {
    let store = super::postgres_store(config, &config.store)?;
    Ok(store.check().await)
}

#[cfg(not(feature = "postgres"))]
async fn postgres(config: &Config) -> Result<Result<(), StoreError>, Failure> {
    Err(super::not_built_with(config, "postgres"))
}
