//! The endpoint of the next exchange: always the same one, or one that is built before each.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::{Error, ErrorKind, TokenEndpoint, TokenKey};

pub(crate) type AnyEndpoint = Arc<dyn TokenEndpoint>;

/// Makes an endpoint from the credentials of now.
pub(crate) type MakeEndpoint =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<AnyEndpoint, Error>> + Send>> + Send + Sync>;

pub(crate) struct EndpointSource {
    newest: ArcSwap<AnyEndpoint>,
    make: Option<MakeEndpoint>,
}

impl EndpointSource {
    pub(crate) fn new(first: AnyEndpoint, make: Option<MakeEndpoint>) -> Self {
        Self {
            newest: ArcSwap::from_pointee(first),
            make,
        }
    }

    /// Returns the endpoint of the newest exchange.
    pub(crate) fn newest(&self) -> AnyEndpoint {
        (**self.newest.load()).clone()
    }

    /// Returns the endpoint of the exchange that begins now.
    pub(crate) async fn next(
        &self,
        key: &TokenKey,
        within: Duration,
    ) -> Result<AnyEndpoint, Error> {
        let Some(make) = &self.make else {
            return Ok(self.newest());
        };
        let Ok(made) = tokio::time::timeout(within, make()).await else {
            let what = "the endpoint's credentials were not there in time";
            return Err(Error::new(ErrorKind::Transient { after: None }, what));
        };
        let endpoint = made?;
        if endpoint.key() != *key {
            let what = "the endpoint that was built for this exchange has another key";
            return Err(Error::new(ErrorKind::Config, what));
        }
        self.newest.store(Arc::new(endpoint.clone()));
        Ok(endpoint)
    }
}

impl fmt::Debug for EndpointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointSource({:?})", self.newest())
    }
}
