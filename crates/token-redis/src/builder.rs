//! What a store is told before it is used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::BuildError;
use token_core::store::{PasswordSource, StoreError};
use token_sealing::Sealing;

use crate::call::Replicas;
use crate::check::EvictionCheck;
use crate::dial::{Dialer, Manner};
use crate::hints::Hints;
use crate::link::Link;
use crate::servers::Servers;
use crate::store::RedisStore;
use crate::tls::{Certificates, choose_cipher_suites};

/// Nobody waits longer for a store; and sums of longer ones would not be times any more.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Settings of a [`RedisStore`].
///
/// ```
/// use std::time::Duration;
/// use token_sealing::{Sealing, SealingKey};
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

/// How a waiting holder learns of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    Told,
    Polled,
}

impl RedisStoreBuilder {
    pub(crate) fn new(servers: Servers, sealing: Sealing) -> Self {
        Self {
            servers,
            sealing,
            prefix: "tokens:".to_owned(),
            within: Duration::from_secs(2),
            replicas: None,
            eviction: EvictionCheck::AtEachConnection,
            changes: Changes::Told,
            certificates: Certificates::default(),
            password: None,
        }
    }

    /// What the name of every Redis key and channel begins with; `tokens:` where nothing is said.
    /// Stores that share grants *must* have the same.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long an operation may take, connecting and one repetition included; 2 seconds where
    /// nothing is said. It *should* be less than the 5 seconds for which a cache waits for its
    /// store.
    #[must_use]
    pub fn timeout(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Counts an intent, a record or a tombstone as written only when so many replicas have it too
    /// ([`WAIT`](https://redis.io/docs/latest/commands/wait/)), and waits for them so long. With
    /// fewer the operation fails, and the cache repeats it: nothing is spent without a safe intent,
    /// and a new token is served from memory until it is safe.
    ///
    /// The connection answers nothing else meanwhile, so the time *should* be shorter than that of
    /// [`timeout`](Self::timeout).
    #[must_use]
    pub fn replicas(mut self, count: u32, within: Duration) -> Self {
        self.replicas = Some(Replicas { count, within });
        self
    }

    /// Trusts servers whose certificates this authority signed, and no other. PEM.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn certificate_authority_pem(mut self, authority: &[u8]) -> Self {
        self.certificates.authority = Some(authority.to_vec());
        self
    }

    /// Shows this certificate to servers that ask for one. PEM, both.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    #[must_use]
    pub fn client_certificate_pem(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.certificates.ours = Some((chain.to_vec(), key.to_vec()));
        self
    }

    /// Asks for the password each time that it connects, for one that is rotated under a running
    /// program. It counts instead of the password in the URLs; the user is theirs. Sentinels keep
    /// the password of their own URL.
    ///
    /// ```
    /// use token_core::Secret;
    /// use token_sealing::{Sealing, SealingKey};
    /// use token_redis::{RedisStore, Servers};
    ///
    /// # let sealing = Sealing::with(SealingKey::new("2026-03", [7; 32])?);
    /// let store = RedisStore::builder(Servers::node("redis://tokens@redis.example"), sealing)
    ///     .password_source(|| async { Ok(Secret::from("what the vault says now")) })
    ///     .build()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn password_source(mut self, source: impl PasswordSource) -> Self {
        self.password = Some(Arc::new(source));
        self
    }

    /// Does not look at the server's settings when it connects, for a service that forbids `INFO`,
    /// or describes itself wrongly. An evicted record is a lost grant.
    #[must_use]
    pub fn trusting_that_nothing_is_evicted(mut self) -> Self {
        self.eviction = EvictionCheck::Never;
        self
    }

    /// Subscribes to nothing and asks every 50 milliseconds instead while it waits for another
    /// holder, for a proxy that passes no messages or speaks version 2 of the protocol only.
    #[must_use]
    pub fn polling_only(mut self) -> Self {
        self.changes = Changes::Polled;
        self
    }

    /// The store. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where a URL cannot be read, no server is given, TLS is wanted without the
    /// feature `rustls`, a duration or count is zero, or a duration is longer than an hour.
    pub fn build(self) -> Result<RedisStore, BuildError> {
        self.validate()?;
        if self.servers.urls().iter().any(|url| is_tls(url)) {
            choose_cipher_suites();
        }
        let hints = Hints::default();
        let manner = Manner {
            within: self.within.saturating_add(
                self.replicas
                    .map_or(Duration::ZERO, |replicas| replicas.within),
            ),
            hints: (self.changes == Changes::Told).then(|| hints.clone()),
            certificates: self.certificates,
        };
        let dialer = Dialer::new(self.servers, manner, self.password).map_err(|_| {
            BuildError::invalid(
                "servers",
                "must be URLs such as redis://host:6379, and good certificates",
            )
        })?;
        let link = Arc::new(Link::new(dialer, self.within, self.eviction));
        Ok(RedisStore::new(
            link,
            self.sealing,
            self.prefix,
            self.replicas,
            hints,
        ))
    }

    /// The store, connected, and its servers checked.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it cannot be built, no server answers, or a server's settings let it
    /// lose a record. A server that takes no writes for now, a replica or one that is out of
    /// memory, is no error here: a live token can be read there.
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let eviction = self.eviction;
        let store = self.build().map_err(|error| {
            StoreError::new("the Redis store cannot be built").with_detail(error.to_string())
        })?;
        store.connected(eviction).await
    }

    fn validate(&self) -> Result<(), BuildError> {
        let urls = self.servers.urls();
        if urls.is_empty() {
            return Err(BuildError::missing("servers"));
        }
        if !cfg!(feature = "rustls") && urls.iter().any(|url| is_tls(url)) {
            return Err(BuildError::invalid(
                "servers",
                "need the feature `rustls` for rediss://",
            ));
        }
        if self.certificates.is_given() && !urls.iter().all(|url| is_tls(url)) {
            return Err(BuildError::invalid(
                "servers",
                "must be rediss:// where certificates are given",
            ));
        }
        if self.within.is_zero() {
            return Err(BuildError::invalid(
                "timeout",
                "must be longer than nothing",
            ));
        }
        if self.within > LONGEST_WAIT {
            return Err(BuildError::invalid("timeout", "must be at most an hour"));
        }
        match self.replicas {
            Some(replicas) if replicas.within > LONGEST_WAIT => Err(BuildError::invalid(
                "replicas",
                "must be waited for at most an hour",
            )),
            Some(replicas) if replicas.count == 0 => {
                Err(BuildError::invalid("replicas", "must be at least one"))
            }
            // For WAIT, no time is for ever.
            Some(replicas) if replicas.within.as_millis() == 0 => Err(BuildError::invalid(
                "replicas",
                "must be given at least a millisecond",
            )),
            _ => Ok(()),
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

fn is_tls(url: &str) -> bool {
    url.starts_with("rediss:") || url.starts_with("valkeys:")
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
    fn what_cannot_work_is_said_at_once() {
        let none: [&str; 0] = [];
        assert_eq!(field(builder(Servers::cluster(none))), "servers");
        assert_eq!(field(builder(Servers::node("not a url"))), "servers");
        let one = builder(Servers::node("redis://localhost"));
        assert_eq!(field(one.clone().timeout(Duration::ZERO)), "timeout");
        assert_eq!(
            field(one.clone().replicas(0, Duration::from_secs(1))),
            "replicas"
        );
        assert_eq!(field(one.replicas(1, Duration::ZERO)), "replicas");
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn certificates_without_tls_are_a_mistake() {
        let one = builder(Servers::node("redis://localhost"));
        assert_eq!(
            field(one.certificate_authority_pem(b"-----BEGIN")),
            "servers"
        );
    }

    #[test]
    fn a_builder_shows_no_password_and_no_key() {
        let shown = format!("{:?}", builder(Servers::node("redis://:hunter2@localhost")));
        assert!(
            !shown.contains("hunter2") && !shown.contains("1, 1"),
            "{shown}"
        );
    }
}
