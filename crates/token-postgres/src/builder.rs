//! What a user may choose.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod};
use token_core::store::{PasswordSource, StoreError};
use token_core::{BuildError, Secret};
use token_sealing::Sealing;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::connections::Connections;
use crate::notify::Notifier;
use crate::password::{Password, PoolConnect, Refusal};
use crate::store::PostgresStore;
use crate::tables::TableNames;
use crate::tls::{Roots, connector};

/// After so long without use, a firewall on the way may have forgotten a connection without
/// telling.
const FRESH: Duration = Duration::from_secs(30);

/// More than any server has; a pool makes room for all of them at once.
const MOST_CONNECTIONS: usize = 1000;

/// Builds a [`PostgresStore`]; see [`PostgresStore::builder`].
#[must_use = "nothing is built before `build`"]
pub struct PostgresStoreBuilder {
    sealing: Sealing,
    url: Option<Secret>,
    pool: Option<Pool>,
    notifications: Option<Secret>,
    password: Password,
    schema: Option<String>,
    table: String,
    roots: Roots,
    connections: usize,
    timeout: Duration,
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStoreBuilder({})", self.table)
    }
}

impl PostgresStore {
    /// A store at this URL whose server was looked at; with more to choose by
    /// [`builder`](Self::builder).
    ///
    /// A standby and a server that is read-only for now are good to begin with: a live token is
    /// read there, and nothing is spent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the URL cannot be read, and where [`check`](Self::check) fails for
    /// anything but that.
    pub async fn connect(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        let store = Self::builder(sealing).url(url).build().map_err(|error| {
            StoreError::new("the PostgreSQL store cannot be built").with_detail(error.to_string())
        })?;
        store.facts().await?.is_set_up_right()?;
        Ok(store)
    }

    /// Begins a store whose records are sealed like this; it needs a URL or a pool.
    pub fn builder(sealing: Sealing) -> PostgresStoreBuilder {
        PostgresStoreBuilder {
            sealing,
            url: None,
            pool: None,
            notifications: None,
            password: Password::default(),
            schema: None,
            table: "vendor_auth_tokens".into(),
            roots: Roots::default(),
            connections: 4,
            timeout: Duration::from_secs(4),
        }
    }
}

impl PostgresStoreBuilder {
    /// Where the server or its pooler is, as libpq writes it:
    /// `postgres://user:password@host:5432/database?sslmode=require`, or `host=… user=…`.
    ///
    /// `sslmode` is `disable`, `prefer` (where none is given) or `require`; `verify-ca` and
    /// `verify-full` mean `require`. Wherever TLS is used, the certificate and its name are
    /// verified.
    pub fn url(mut self, url: impl Into<Secret>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// A pool of the program's own, instead of a URL. Its TLS is its own;
    /// [`connections`](Self::connections) does not count.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Waits for the commits of others on one connection of its own, beside polling, and tells them
    /// of ours. The URL *must* go to the server itself: a transaction pooler delivers no
    /// notifications. The user needs no privilege but to connect.
    ///
    /// Without it, who waits for another's commit asks after 25, 50, 100, 200, 400 ms, and then
    /// every 500 ms.
    pub fn notified_through(mut self, url: impl Into<Secret>) -> Self {
        self.notifications = Some(url.into());
        self
    }

    /// Asks for the password each time that it connects, for one that is rotated under a running
    /// program. It counts instead of the passwords in the URLs; the user is theirs.
    ///
    /// ```
    /// use token_core::Secret;
    /// use token_sealing::{Sealing, SealingKey};
    /// use token_postgres::PostgresStore;
    ///
    /// # let sealing = Sealing::with(SealingKey::new("2026-03", [7; 32])?);
    /// let store = PostgresStore::builder(sealing)
    ///     .url("postgres://tokens@postgres.example/tokens")
    ///     .password_source(|| async { Ok(Secret::from("what the vault says now")) })
    ///     .build()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// Connections that are there stay: PostgreSQL asks for the password once. A pool of the
    /// program's own has its own password.
    pub fn password_source(mut self, source: impl PasswordSource) -> Self {
        self.password = Password::from(source);
        self
    }

    /// The schema of the tables; without it, the first of the role's `search_path` that has them.
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = Some(schema.to_owned());
        self
    }

    /// The name of the table, 1 to 55 bytes, quoted where it is used; `vendor_auth_tokens` by
    /// default. The schema's version is in a second table, whose name ends in `_version`.
    pub fn table(mut self, table: &str) -> Self {
        table.clone_into(&mut self.table);
        self
    }

    /// Believes a server whose certificate is signed by one of these, in PEM, and by no other;
    /// without it, the platform's.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Self {
        self.roots = Roots::Only(pem.to_vec());
        self
    }

    /// How many connections there may be, 1 to 1000; 4 by default. They are made when they are
    /// needed.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// The longest operation, connecting included, 1 ms to 600 s; 4 s by default. It should be
    /// shorter than the engine's own limit of 5 s, so that the error tells what was waited for.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The store, which asks nobody yet: the [check](PostgresStore::check) comes before its first
    /// operation.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where neither or both of `url` and `pool` are given, a URL cannot be read or
    /// demands TLS that was left out, a name is empty or too long, a certificate is none, or a
    /// number is out of its range.
    pub fn build(self) -> Result<PostgresStore, BuildError> {
        let tables = TableNames::new(self.schema.as_deref(), &self.table)?;
        if self.timeout.as_millis() == 0 || self.timeout > Duration::from_secs(600) {
            return Err(BuildError::invalid("timeout", "must be 1 ms to 600 s"));
        }
        let connections = self.own_connections()?;
        let notifier = match &self.notifications {
            Some(url) => Some(Notifier::new(
                self.config("notified_through", url)?,
                self.password.clone(),
                connector(&self.roots)?,
                &tables,
            )),
            None => None,
        };
        Ok(PostgresStore::new(
            self.sealing,
            connections,
            tables,
            self.timeout,
            notifier,
        ))
    }

    fn own_connections(&self) -> Result<Connections, BuildError> {
        let refusal = Refusal::default();
        let url = match (&self.url, &self.pool) {
            (Some(url), None) => url,
            (None, Some(pool)) => {
                let pool = pool.clone();
                return Ok(Connections { pool, refusal });
            }
            (None, None) => return Err(BuildError::missing("url")),
            (Some(_), Some(_)) => {
                return Err(BuildError::invalid(
                    "pool",
                    "has connections already: leave out `url`",
                ));
            }
        };
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return Err(BuildError::invalid("connections", "must be 1 to 1000"));
        }
        let connecting = PoolConnect {
            connector: connector(&self.roots)?,
            password: self.password.clone(),
            refusal: refusal.clone(),
        };
        let pool = pool_of(self.config("url", url)?, connecting, self.connections)?;
        Ok(Connections { pool, refusal })
    }

    fn config(&self, field: &'static str, url: &Secret) -> Result<Config, BuildError> {
        let text = Secret::from(strictest(url.expose()));
        let mut config: Config = text.expose().parse().map_err(|_| {
            BuildError::invalid(field, "must be a PostgreSQL URL or key-value text")
        })?;
        if config.get_ssl_mode() == SslMode::Require && cfg!(not(feature = "rustls")) {
            return Err(BuildError::invalid(
                field,
                "demands TLS: switch on the feature `rustls`",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.timeout);
        }
        Ok(config)
    }
}

/// The driver does not know libpq's words for a verified certificate. Ours is always verified.
fn strictest(url: &str) -> String {
    url.replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require")
}

fn pool_of(
    config: Config,
    connecting: PoolConnect,
    connections: usize,
) -> Result<Pool, BuildError> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast, // no round trip, no session state
    };
    Pool::builder(Manager::from_connect(config, connecting, recycling))
        .max_size(connections)
        .pre_recycle(Hook::sync_fn(|_, metrics| match metrics.last_used() {
            idle if idle < FRESH => Ok(()),
            _ => Err(HookError::message("idle for too long")),
        }))
        .build()
        .map_err(|_| BuildError::invalid("connections", "cannot be pooled"))
}
