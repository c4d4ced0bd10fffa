//! The settings of a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::BuildError;
use token_core::store::{PasswordSource, StoreError};
use token_sealing::Sealing;

use crate::check::EvictionCheck;
use crate::connect::{Certificates, ConnectOptions, Connector, install_crypto_provider};
use crate::connection::SharedConnection;
use crate::listeners::Listeners;
use crate::script::Replicas;
use crate::servers::Servers;
use crate::store::RedisStore;

/// An upper bound, so that sums of durations cannot overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A builder for a [`RedisStore`].
///
/// ```
/// use std::time::Duration;
/// use token_redis::types::{Sealing, SealingKey};
/// use token_redis::{RedisStore, Servers};
///
/// let sealing = Sealing::with(SealingKey::new("2026-03", [7; 32])?);
/// let store = RedisStore::builder(Servers::node("redis://redis.example"), sealing)
///     .prefix("billing:tokens:")
///     .replicas(1, Duration::from_millis(500))
///     .timeout(Duration::from_secs(1))
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct RedisStoreBuilder {
    servers: Servers,
    sealing: Sealing,
    prefix: String,
    within: Duration,
    replicas: Option<Replicas>,
    eviction: EvictionCheck,
    changes: Changes,
    certificates: Certificates,
    password: Option<Arc<dyn PasswordSource>>,
}

/// How a waiter learns of another owner's commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    Subscribed,
    Polled,
}

impl RedisStore {
    /// Connects to one server and checks that it does not lose records.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the URL is invalid, the server does not answer, or it may evict a record.
    pub async fn connect(url: &str, sealing: Sealing) -> Result<Self, StoreError> {
        Self::builder(Servers::node(url), sealing).connect().await
    }

    /// Returns a builder, for other [`Servers`] than one, and for replicas, certificates and
    /// timeouts.
    pub fn builder(servers: Servers, sealing: Sealing) -> RedisStoreBuilder {
        RedisStoreBuilder {
            servers,
            sealing,
            prefix: "tokens:".to_owned(),
            within: Duration::from_secs(2),
            replicas: None,
            eviction: EvictionCheck::AtEachConnection,
            changes: Changes::Subscribed,
            certificates: Certificates::default(),
            password: None,
        }
    }
}

impl RedisStoreBuilder {
    /// Sets the prefix of every Redis key and channel. Default: `tokens:`. Stores that share grants
    /// must use the same prefix.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long an operation may take, including connecting and one repetition. Default: 2
    /// seconds. It should be less than the 5 seconds that a cache waits for its store.
    #[must_use]
    pub fn timeout(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Requires that this many replicas acknowledge each intent, record and tombstone
    /// ([`WAIT`](https://redis.io/docs/latest/commands/wait/)), within this time. If fewer do, the
    /// operation fails and the cache repeats it: no refresh token is sent without a replicated
    /// intent, and a new token is served from memory until it is replicated.
    ///
    /// The connection answers nothing else while it waits, so the time should be shorter than that
    /// of [`timeout`](Self::timeout).
    #[must_use]
    pub fn replicas(mut self, count: u32, within: Duration) -> Self {
        self.replicas = Some(Replicas { count, within });
        self
    }

    /// Trusts only certificates that this authority signed (PEM), not those of the platform.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn certificate_authority_pem(mut self, authority: &[u8]) -> Self {
        self.certificates.authority = Some(authority.to_vec());
        self
    }

    /// Sets the client certificate for servers that request one (mutual TLS): the chain and its
    /// key, both in PEM.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn client_certificate_pem(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.certificates.client = Some((chain.to_vec(), key.to_vec()));
        self
    }

    /// Sets a source that is called for the password at each connect, for passwords that are
    /// rotated while the program runs. It replaces the password in the URLs, but not the user.
    /// Sentinels keep the password of their own URL.
    ///
    /// ```
    /// use token_core::Secret;
    /// use token_redis::types::{Sealing, SealingKey};
    /// use token_redis::{RedisStore, Servers};
    ///
    /// # let sealing = Sealing::with(SealingKey::new("2026-03", [7; 32])?);
    /// let store = RedisStore::builder(Servers::node("redis://tokens@redis.example"), sealing)
    ///     .password_source(|| async { Ok(Secret::from("from the vault")) })
    ///     .build()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn password_source(mut self, source: impl PasswordSource) -> Self {
        self.password = Some(Arc::new(source));
        self
    }

    /// Connects without checking the server's settings, for a service that forbids `INFO` or
    /// describes itself incorrectly. If the server evicts a record, its grant is lost.
    #[must_use]
    pub fn skip_server_check(mut self) -> Self {
        self.eviction = EvictionCheck::Never;
        self
    }

    /// Polls every 50 milliseconds while it waits for another owner, instead of subscribing, for a
    /// proxy that does not forward messages or only supports version 2 of the protocol.
    #[must_use]
    pub fn polling_only(mut self) -> Self {
        self.changes = Changes::Polled;
        self
    }

    /// Builds the store. It connects at its first use.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a URL is invalid, there is no server, a URL needs TLS but the feature
    /// `rustls` is not enabled, a duration or count is zero, or a duration is longer than an hour.
    pub fn build(self) -> Result<RedisStore, BuildError> {
        self.validate()?;
        if self.servers.want_tls() {
            install_crypto_provider();
        }
        let listeners = Listeners::default();
        let options = ConnectOptions {
            within: self.within.saturating_add(
                self.replicas
                    .map_or(Duration::ZERO, |replicas| replicas.within),
            ),
            listeners: (self.changes == Changes::Subscribed).then(|| listeners.clone()),
            certificates: self.certificates,
        };
        let connector = Connector::new(self.servers, options, self.password).map_err(|_| {
            BuildError::invalid(
                "servers",
                "must be URLs such as redis://host:6379, and valid PEM certificates",
            )
        })?;
        let connection = Arc::new(SharedConnection::new(connector, self.within, self.eviction));
        Ok(RedisStore::new(
            connection,
            self.sealing,
            self.prefix,
            self.replicas,
            listeners,
        ))
    }

    /// Builds the store, connects it and checks its servers.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be built, no server answers, or a server's settings allow it to
    /// lose a record. A server that accepts no writes for now, such as a replica or one that is out
    /// of memory, is no error here: valid tokens can be read from it.
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let eviction = self.eviction;
        let store = self.build().map_err(|error| {
            StoreError::new("the Redis store cannot be built").with_detail(error.to_string())
        })?;
        store.connected(eviction).await
    }

    fn validate(&self) -> Result<(), BuildError> {
        let invalid = |field, why| Err(BuildError::invalid(field, why));
        self.servers.check()?;
        if self.certificates.are_set() && !self.servers.all_want_tls() {
            return invalid("servers", "must be rediss:// if certificates are set");
        }
        if self.within.is_zero() || self.within > LONGEST_WAIT {
            return invalid("timeout", "must be longer than zero and at most an hour");
        }
        match self.replicas {
            Some(replicas) if replicas.within > LONGEST_WAIT => {
                invalid("replicas", "must have a time of at most an hour")
            }
            Some(replicas) => replicas.check(),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("servers", &self.servers)
            .field("sealing", &self.sealing)
            .field("prefix", &self.prefix)
            .field("within", &self.within)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use token_sealing::SealingKey;

    use super::*;

    fn builder(servers: Servers) -> RedisStoreBuilder {
        RedisStore::builder(
            servers,
            Sealing::with(SealingKey::new("k", [1; 32]).unwrap()),
        )
    }

    fn field(builder: RedisStoreBuilder) -> &'static str {
        builder.build().unwrap_err().field()
    }

    #[test]
    fn invalid_settings_are_build_errors() {
        let none: [&str; 0] = [];
        assert_eq!(field(builder(Servers::cluster(none))), "servers");
        assert_eq!(field(builder(Servers::node("not a url"))), "servers");
        let one = builder(Servers::node("redis://localhost"));
        assert_eq!(field(one.clone().timeout(Duration::ZERO)), "timeout");
        let without_any = one.clone().replicas(0, Duration::from_secs(1));
        assert_eq!(field(without_any), "replicas");
        assert_eq!(field(one.replicas(1, Duration::ZERO)), "replicas");
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn certificates_without_tls_are_a_build_error() {
        let one = builder(Servers::node("redis://localhost"));
        let with_authority = one.certificate_authority_pem(b"-----BEGIN");
        assert_eq!(field(with_authority), "servers");
    }

    #[test]
    fn debug_of_a_builder_shows_no_password_and_no_key() {
        let shown = format!("{:?}", builder(Servers::node("redis://:hunter2@localhost")));
        assert!(
            !shown.contains("hunter2") && !shown.contains("1, 1"),
            "{shown}"
        );
    }
}
