//! Builds a [`TokenCache`].

pub(crate) mod options;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::{
    ApiOrigin, BaseUrl, BuildError, Clock, Error, HttpClient, PlainHttp, RefreshPolicy, Secret,
    Token, TokenEndpoint, TokenStore,
};
use tokio::runtime::Handle;

use self::options::{Options, setters};
use crate::cache::TokenCache;
use crate::clock::CacheClock;
use crate::current::backoff::Backoff;
use crate::current::publish::threads;
use crate::engines::NewEngine;
use crate::refresh::alternatives::Initial;
use crate::refresh::bound_store::NamedStore;
use crate::refresh::endpoint_source::{AnyEndpoint, EndpointSource, MakeEndpoint};

impl TokenCache {
    /// Returns a builder for a cache of this endpoint's token.
    pub fn builder(endpoint: impl TokenEndpoint) -> TokenCacheBuilder {
        TokenCacheBuilder::new(Arc::new(endpoint), None)
    }

    /// Returns a builder for a cache whose endpoint is built again before each exchange, for
    /// credentials that change: a rotated secret, an assertion in a file, a pushed ticket. `make`
    /// is also called once now. It must always return an endpoint with the same key.
    ///
    /// ```
    /// # use token_core::{Error, ErrorKind, HttpClient, Secret, TokenEndpoint};
    /// # async fn run<E: TokenEndpoint>(
    /// #     http: impl HttpClient,
    /// #     acme: impl Fn(Secret) -> Result<E, Error> + Copy + Send + Sync + 'static,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use token_cache::TokenCache;
    ///
    /// let make = move || async move {
    ///     let secret = tokio::fs::read_to_string("/run/secrets/acme").await;
    ///     let unreadable = |_| Error::new(ErrorKind::Config, "the secret cannot be read");
    ///     acme(Secret::from(secret.map_err(unreadable)?.trim()))
    /// };
    /// let tokens = TokenCache::builder_from(make).await?.http_client(http).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If `make` fails, so does the exchange, with that error in its message. It says nothing about
    /// this grant: `Rejected` becomes [`Config`](token_core::ErrorKind::Config), `InDoubt` becomes
    /// [`Transient`](token_core::ErrorKind::Transient), as does a `make` that takes longer than the
    /// [`exchange_deadline`](TokenCacheBuilder::exchange_deadline). A panic is `Config`.
    ///
    /// # Errors
    ///
    /// The error of `make`.
    pub async fn builder_from<E, F, Fut>(make: F) -> Result<TokenCacheBuilder, Error>
    where
        E: TokenEndpoint,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<E, Error>> + Send + 'static,
    {
        let first = make().await?;
        let make: MakeEndpoint = Box::new(move || {
            let made = make();
            Box::pin(async move { made.await.map(|endpoint| Arc::new(endpoint) as AnyEndpoint) })
        });
        Ok(TokenCacheBuilder::new(Arc::new(first), Some(make)))
    }
}

/// Builds a [`TokenCache`]. Only the HTTP client is required.
#[must_use]
pub struct TokenCacheBuilder {
    endpoint: AnyEndpoint,
    make_endpoint: Option<MakeEndpoint>,
    options: Options,
    initial: Option<Result<Initial, BuildError>>,
}

impl TokenCacheBuilder {
    fn new(endpoint: AnyEndpoint, make_endpoint: Option<MakeEndpoint>) -> Self {
        Self {
            endpoint,
            make_endpoint,
            options: Options::default(),
            initial: None,
        }
    }

    setters!();

    /// Sets a token that you already have, such as one made by [`Token::from_refresh_token`]. It is
    /// used if the store has nothing for this key, or if the stored grant was refused or logged out
    /// and did not begin with this token. The same one is not tried twice. Default: none.
    pub fn initial_token(mut self, token: Token) -> Self {
        self.initial = Some(Ok(token.into()));
        self
    }

    /// Sets the refresh token that the grant begins with, such as one from an earlier login: the
    /// same as [`initial_token`](Self::initial_token) with [`Token::from_refresh_token`]. If it is
    /// blank, [`build`](Self::build) fails.
    pub fn refresh_token(mut self, token: Secret) -> Self {
        let initial = Initial::of_refresh_token(token);
        self.initial = Some(initial.map_err(|_| BuildError::invalid("refresh_token", "is blank")));
        self
    }

    /// Builds the cache. Nothing is requested yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the HTTP client is missing, an API's URL is invalid, the refresh token is
    /// blank, the lease is longer than a day, the given runtime has no timers, or the operating
    /// system provides no random numbers.
    pub fn build(self) -> Result<TokenCache, BuildError> {
        let engines = self.options.into_engines(threads())?;
        let source = EndpointSource::new(self.endpoint, self.make_endpoint);
        let engine = NewEngine::of(source).with_initial(self.initial.transpose()?);
        Ok(TokenCache::new(engines.start(engine)))
    }
}

impl fmt::Debug for TokenCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCacheBuilder({})", self.endpoint.key())
    }
}
