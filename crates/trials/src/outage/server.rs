//! The servers, and the two ways in which they are stopped.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use local_servers::{LocalServer, Postgres, Redis};
use token_postgres::PostgresStore;
use token_redis::RedisStore;
use vendor_auth::cache::TokenCacheBuilder;
use vendor_auth::sealing::{Sealing, SealingKey};
use vendor_auth::types::TokenKey;
use vendor_auth::types::store::{Entry, TokenStore as _};

/// The store under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Store {
    /// A Redis server from this machine's package.
    Redis,
    /// A PostgreSQL server from this machine's package.
    Postgres,
}

/// How its server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// Connections are refused.
    Killed,
    /// Connections are accepted but never answered.
    Frozen,
}

/// A running server, or one that is stopped.
#[derive(Debug)]
pub(super) enum Server {
    Redis(Redis),
    Postgres(Postgres),
}

impl Store {
    pub(super) const ALL: [Self; 2] = [Self::Redis, Self::Postgres];
}

impl Stop {
    pub(super) const ALL: [Self; 2] = [Self::Killed, Self::Frozen];
}

impl Server {
    /// Starts an empty server. A killed one comes back with everything that it acknowledged.
    pub(super) async fn start(store: Store) -> Result<Self> {
        let server = blocking(move || {
            Ok(match store {
                Store::Redis => Self::Redis(Redis::with().append_only().start()?),
                Store::Postgres => Self::Postgres(Postgres::start()?),
            })
        });
        let server = server.await?;
        if let Self::Postgres(server) = &server {
            PostgresStore::builder(sealing()?)
                .url(server.url())
                .build()?
                .migrate()
                .await?;
        }
        Ok(server)
    }

    pub(super) async fn stop(mut self, stop: Stop) -> Result<Self> {
        blocking(move || {
            match stop {
                Stop::Killed => self.local().kill()?,
                Stop::Frozen => self.local().pause()?,
            }
            Ok(self)
        })
        .await
    }

    /// Undoes [`stop`](Self::stop).
    pub(super) async fn restore(mut self, stop: Stop) -> Result<Self> {
        blocking(move || {
            match stop {
                Stop::Killed => self.local().start_again()?,
                Stop::Frozen => self.local().resume()?,
            }
            Ok(self)
        })
        .await
    }

    /// Returns the builder of a cache with its own connections.
    pub(super) async fn connect(&self, builder: TokenCacheBuilder) -> Result<TokenCacheBuilder> {
        Ok(match self {
            Self::Redis(server) => {
                builder.store(RedisStore::connect(&server.url(), sealing()?).await?)
            }
            Self::Postgres(server) => {
                builder.store(PostgresStore::connect(server.url(), sealing()?).await?)
            }
        })
    }

    /// Returns the entry that it holds, over a new connection.
    pub(super) async fn entry(&self, key: &TokenKey) -> Result<Entry> {
        Ok(match self {
            Self::Redis(server) => {
                RedisStore::connect(&server.url(), sealing()?)
                    .await?
                    .load(key)
                    .await?
            }
            Self::Postgres(server) => {
                PostgresStore::connect(server.url(), sealing()?)
                    .await?
                    .load(key)
                    .await?
            }
        })
    }

    fn local(&mut self) -> &mut dyn LocalServer {
        match self {
            Self::Redis(server) => server,
            Self::Postgres(server) => server,
        }
    }
}

fn sealing() -> Result<Sealing> {
    Ok(Sealing::with(SealingKey::new("outage", [42; 32])?))
}

/// Runs blocking calls to a server, which must not delay the callers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Killed => "killed",
            Self::Frozen => "frozen",
        })
    }
}
