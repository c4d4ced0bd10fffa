//! Gets the password for each new connection.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::Connect;
use token_core::store::{PasswordSource, StoreError};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use crate::tls::Connector;

/// The source of the password; `None` for that of the URL.
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

    /// Returns the settings of a new connection.
    pub(crate) async fn put_into(&self, config: &Config) -> Result<Config, StoreError> {
        let mut config = config.clone();
        if let Some(source) = &self.0 {
            config.password(source.password().await?.expose());
        }
        Ok(config)
    }
}

/// The error of the password source: the pool passes on only the driver's error, which cannot
/// contain it.
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

/// Connects for the store's pool.
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
                    Config::new() // without a host, it fails at once
                });
            let (client, connection) = config.connect(Clone::clone(&self.connector)).await?;
            let task = tokio::spawn(async move {
                // If the connection fails, the operation on it returns the error.
                _ = connection.await;
            });
            Ok((client, task))
        })
    }
}
