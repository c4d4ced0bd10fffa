//! Builds a [`PostgresStore`].

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

/// After this long without use, a firewall may have dropped a connection silently.
const FRESH: Duration = Duration::from_secs(30);

/// More than any server has; a pool allocates space for all of them at once.
const MOST_CONNECTIONS: usize = 1000;

/// A builder for a [`PostgresStore`], returned by [`PostgresStore::builder`].
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
    /// Builds a store for this URL and checks its server. For other settings, use
    /// [`builder`](Self::builder).
    ///
    /// A standby or a read-only server is not an error: valid tokens can be read there, and no
    /// refresh token is spent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the URL is invalid, or if [`check`](Self::check) fails for a reason other
    /// than a standby or a read-only server.
    pub async fn connect(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        let store = Self::builder(sealing).url(url).build().map_err(|error| {
            StoreError::new("the PostgreSQL store cannot be built").with_detail(error.to_string())
        })?;
        store.facts().await?.is_set_up_right()?;
        Ok(store)
    }

    /// Returns a builder for a store that encrypts its records with `sealing`. A
    /// [`url`](PostgresStoreBuilder::url) or a [`pool`](PostgresStoreBuilder::pool) is required.
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
    /// Sets the URL of the server or its pooler, as in libpq:
    /// `postgres://user:password@host:5432/database?sslmode=require`, or `host=… user=…`.
    ///
    /// `sslmode` is `disable`, `prefer` (the default) or `require`; `verify-ca` and `verify-full`
    /// mean the same as `require`. If TLS is used, the certificate and the server's name are always
    /// verified.
    pub fn url(mut self, url: impl Into<Secret>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Uses the program's pool instead of a URL. It keeps its own TLS settings, password and size:
    /// [`root_certificates_pem`](Self::root_certificates_pem),
    /// [`password_source`](Self::password_source) and [`connections`](Self::connections) do not
    /// apply to it.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Listens for commits, logouts and released leases of other processes on a separate
    /// connection, and notifies them of its own. The URL *must* lead to the server itself: a
    /// transaction pooler delivers no notifications. The user only needs the privilege to connect.
    ///
    /// With it, a wait for another process polls once a second in case a notification is lost.
    /// Default: no notifications; a wait polls after 25, 50, 100, 200 and 400 ms, and then every
    /// 500 ms.
    pub fn notified_through(mut self, url: impl Into<Secret>) -> Self {
        self.notifications = Some(url.into());
        self
    }

    /// Sets a source that is called for the password of each new connection, so that the password
    /// can be rotated while the program runs. It replaces the password in the URLs, but not the
    /// user name.
    ///
    /// ```
    /// use token_core::Secret;
    /// use token_sealing::{Sealing, SealingKey};
    /// use token_postgres::PostgresStore;
    ///
    /// # let sealing = Sealing::with(SealingKey::new("2026-03", [7; 32])?);
    /// let store = PostgresStore::builder(sealing)
    ///     .url("postgres://tokens@postgres.example/tokens")
    ///     .password_source(|| async { Ok(Secret::from("read from the vault")) })
    ///     .build()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// Existing connections stay open: PostgreSQL checks the password only when a connection is
    /// opened.
    pub fn password_source(mut self, source: impl PasswordSource) -> Self {
        self.password = Password::from(source);
        self
    }

    /// Sets the schema of the tables, 1 to 63 bytes. Default: they are found through the role's
    /// `search_path`.
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = Some(schema.to_owned());
        self
    }

    /// Sets the name of the table, 1 to 55 bytes; it is quoted in statements. A second table, whose
    /// name ends in `_version`, holds the version of the schema. Default: `vendor_auth_tokens`.
    pub fn table(mut self, table: &str) -> Self {
        table.clone_into(&mut self.table);
        self
    }

    /// Trusts only servers whose certificates are signed by one of these authorities, in PEM.
    /// Default: the platform's root certificates.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn root_certificates_pem(mut self, pem: &[u8]) -> Self {
        self.roots = Roots::Only(pem.to_vec());
        self
    }

    /// Sets the maximum number of connections, 1 to 1000; they are opened on demand. Default: 4.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the time limit for an operation, including connecting, 1 ms to 600 s. It should be
    /// shorter than the 5 seconds for which a cache waits for its store, so that the error names
    /// the cause. Default: 4 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Builds the store without connecting. Its first operation runs the
    /// [check](PostgresStore::check).
    ///
    /// # Errors
    ///
    /// [`BuildError`] if neither or both of `url` and `pool` are given, a URL is invalid or
    /// requires TLS and the feature `rustls` is off, a name is empty, too long or contains NUL, a
    /// certificate is invalid, or a number is out of range.
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
                return Err(BuildError::invalid("pool", "cannot be combined with `url`"));
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
            BuildError::invalid(field, "must be a PostgreSQL URL or `key=value` pairs")
        })?;
        if config.get_ssl_mode() == SslMode::Require && cfg!(not(feature = "rustls")) {
            return Err(BuildError::invalid(
                field,
                "requires TLS: enable the feature `rustls`",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.timeout);
        }
        Ok(config)
    }
}

/// The driver does not know libpq's modes for a verified certificate. This crate always verifies
/// it.
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
