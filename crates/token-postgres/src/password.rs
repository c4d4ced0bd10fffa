//! A password that is asked for at each connect.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::Connect;
use token_core::store::{PasswordSource, StoreError};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use crate::tls::Connector;

/// Where the password comes from; without one, it is the URL's.
#[derive(Clone, Default)]
pub(crate) struct Password(Option<Arc<dyn PasswordSource>>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    pub(crate) fn from(source: impl PasswordSource) -> Self {
        Self(Some(Arc::new(source)))
    }

    /// The settings of one connection.
    pub(crate) async fn put_into(&self, config: &Config) -> Result<Config, StoreError> {
        let mut config = config.clone();
        if let Some(source) = &self.0 {
            config.password(source.password().await?.expose());
        }
        Ok(config)
    }
}

/// Why there was no password: the driver's error, which is all that a pool passes on, cannot say
/// it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal(Arc<Mutex<Option<StoreError>>>);

impl Refusal {
    fn put(&self, error: StoreError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How a pool of ours connects.
pub(crate) struct PoolConnect {
    pub(crate) connector: Connector,
    pub(crate) password: Password,
    pub(crate) refusal: Refusal,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for PoolConnect {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let config = self
                .password
                .put_into(&config)
                .await
                .unwrap_or_else(|error| {
                    self.refusal.put(error);
                    Config::new() // names no host, and so fails at once
                });
            let (client, connection) = config.connect(Clone::clone(&self.connector)).await?;
            let task = tokio::spawn(async move {
                // How a connection ended is told by the operation that was on it.
                _ = connection.await;
            });
            Ok((client, task))
        })
    }
}
