//! The cache: one token, kept fresh for all callers.

pub(crate) mod api_call;
mod grant;
mod stored;
mod with_token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::{
    Answer, Attempt, Error, ErrorKind, Generation, Request, Scrubber, Token, TokenKey,
};

use crate::current::events::Events;
use crate::current::token_guard::TokenGuard;
use crate::flight::Shared;
use crate::flight::background::KeepFresh;
use crate::flight::health::Health;
#[cfg(feature = "pool")]
use crate::flight::in_pool::InUse;

/// One vendor's access token, kept fresh for any number of tasks.
///
/// ```
/// # use token_core::{HttpClient, TokenEndpoint};
/// # async fn run(endpoint: impl TokenEndpoint, http: impl HttpClient)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::TokenCache;
///
/// let tokens = TokenCache::builder(endpoint).http_client(http).build()?;
/// let token = tokens.token().await?; // one token request, however many tasks ask
/// println!("{:?}", token.headers());
/// # Ok(())
/// # }
/// ```
///
/// Clones share one token. Dropping the last clone leaks no task and loses no rotation: an exchange
/// that is in flight is completed and committed.
#[derive(Clone)]
pub struct TokenCache {
    shared: Arc<Shared>,
    /// Dropped after the engine.
    #[cfg(feature = "pool")]
    _in_pool: Option<Arc<InUse>>,
}

impl TokenCache {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            #[cfg(feature = "pool")]
            _in_pool: None,
        }
    }

    /// Returns the cache of an account in a pool.
    #[cfg(feature = "pool")]
    pub(crate) fn in_pool(shared: Arc<Shared>, in_use: InUse) -> Self {
        Self {
            shared,
            _in_pool: Some(Arc::new(in_use)),
        }
    }

    /// Returns a live token.
    ///
    /// A fresh token costs one atomic load and one clock read. Once a refresh is due, callers still
    /// get the token at once, while one exchange runs. Shortly before the expiry they wait for that
    /// exchange, and get the current token if it fails. An expired token is never returned.
    ///
    /// Waits at most the builder's [`wait_timeout`](crate::TokenCacheBuilder::wait_timeout).
    ///
    /// # Errors
    ///
    /// Fails only if there is no live token: with the error of the exchange, which all waiting
    /// callers share, or with [`Transient`](token_core::ErrorKind::Transient) if the wait timed out
    /// first.
    pub async fn token(&self) -> Result<TokenGuard, Error> {
        self.token_within(self.shared.wait_timeout()).await
    }

    /// Like [`token`](Self::token), but waits at most `wait`. The exchange has its own, longer
    /// deadline and goes on.
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token).
    pub async fn token_within(&self, wait: Duration) -> Result<TokenGuard, Error> {
        match self.shared.current.fresh() {
            Some(token) => Ok(token),
            // In a box: what most callers do not need would make their future large, and it is
            // moved.
            None => Box::pin(self.shared.token(wait)).await,
        }
    }

    /// Returns a live token that stays valid for at least `span`, for example for a long upload or
    /// a signed URL. If the current token does not, one exchange is made; none, if an exchange
    /// within the last minute has shown that the vendor's tokens do not live that long.
    ///
    /// ```
    /// # async fn upload(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use std::time::Duration;
    ///
    /// let token = tokens.token_valid_for(Duration::from_secs(20 * 60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token); [`Config`](token_core::ErrorKind::Config) if the
    /// vendor's tokens do not live that long, with both lifetimes in the message.
    pub async fn token_valid_for(&self, span: Duration) -> Result<TokenGuard, Error> {
        let token = self.token().await?;
        if let Some(token) = self.shared.current.live_for(span) {
            return Ok(token);
        }
        let newest = match self.shared.current.never_lives_for(span) {
            true => token,
            false => self.refresh_if(token.generation()).await?,
        };
        self.shared
            .current
            .live_for(span)
            .ok_or_else(|| too_short(&newest, span).with_key(self.key()))
    }

    /// Refreshes now if the current token still has this generation, however fresh it is, and
    /// returns the newer one. Callers that name the same generation share one exchange; a caller
    /// that names an older one gets the current token.
    ///
    /// ```
    /// # async fn force(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// let generation = tokens.token().await?.generation();
    /// let newer = tokens.refresh_if(generation).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A vendor that repeats its live token may answer with the same one, which is then returned.
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token). After a failure, the pause before the next exchange is
    /// kept; [`Error::retry_after`] says how much of it is left.
    pub async fn refresh_if(&self, generation: Generation) -> Result<TokenGuard, Error> {
        let within = self.shared.wait_timeout();
        self.shared.another(generation, within).await
    }

    /// Returns the current token if it is live, without asking for one.
    pub fn current(&self) -> Option<TokenGuard> {
        self.shared.current.live()
    }

    /// Reports that an API rejected this token with 401. The next caller waits for another one. A
    /// late 401 for an older token changes nothing. If one token after the other is rejected, they
    /// are replaced ever more slowly, because the token is then not the cause.
    ///
    /// ```
    /// # use token_cache::TokenCache;
    /// # async fn call(tokens: TokenCache, status: u16) -> Result<(), token_core::Error> {
    /// let token = tokens.token().await?;
    /// // … the API answers …
    /// if status == 401 {
    ///     tokens.invalidate(&token);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn invalidate(&self, token: &Token) {
        self.shared.current.reject(token);
    }

    /// Sends the vendor one request about the token, such as an introspection, and reads the
    /// answer. It is sent once.
    ///
    /// # Errors
    ///
    /// The errors of `build`, of `read`, and of the transport.
    pub async fn send_request<T>(
        &self,
        build: impl FnOnce(&Attempt) -> Result<Request, Error>,
        read: impl FnOnce(&Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = build(&self.attempt()).map_err(|error| error.with_key(self.key()))?;
        self.shared.ask(request, read).await
    }

    /// Starts a task that refreshes the token without traffic, until the cache is dropped or
    /// [`KeepFresh::stop`] is called. Correctness does not need it; it saves the first caller after
    /// an idle time from waiting.
    ///
    /// The task runs where exchanges run, so the caller needs no runtime. It never logs in again
    /// after a logout; a caller's [`token`](Self::token) does.
    pub fn keep_fresh(&self) -> KeepFresh {
        self.shared.keep_fresh()
    }

    /// Returns a stream of what happens to the token from now on.
    pub fn events(&self) -> Events {
        Events::new(self.shared.current.subscribe())
    }

    /// Returns how the cache is now, for a readiness probe or a status page. Neither the vendor nor
    /// the store is asked.
    ///
    /// ```
    /// # fn probe(tokens: token_cache::TokenCache) -> u16 {
    /// let health = tokens.health();
    /// println!("{health}");
    /// if health.usable { 200 } else { 503 }
    /// # }
    /// ```
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// Waits, at most `within`, until no exchange is in flight and the store has acknowledged the
    /// newest token. Call it before the process exits.
    pub async fn drain(&self, within: Duration) -> Drained {
        match self.shared.drain(within).await {
            true => Drained::Settled,
            false => Drained::Unsettled,
        }
    }

    /// Returns the name of the grant in stores, logs and metrics.
    pub fn key(&self) -> &TokenKey {
        self.shared.current.key()
    }

    /// Returns the runtime that the builder was given.
    #[cfg(feature = "blocking")]
    pub(crate) fn given_runtime(&self) -> Option<&tokio::runtime::Handle> {
        self.shared.given_runtime()
    }

    fn attempt(&self) -> Attempt {
        let now = self.shared.current.now();
        self.shared.refresher.attempt(&now)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCache({:?})", self.shared)
    }
}

fn too_short(token: &Token, span: Duration) -> Error {
    let validity = token.validity();
    let life = validity.expires_at().since(validity.issued_at());
    let message = format!(
        "they live {} s; {} s were requested",
        life.as_secs(),
        span.as_secs()
    );
    Error::new(
        ErrorKind::Config,
        "the vendor's tokens do not live as long as requested",
    )
    .with_message(&message, &Scrubber::new([]))
}

/// The result of [`TokenCache::drain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// No exchange is in flight, and the store has acknowledged the newest token.
    Settled,
    /// It timed out: an exchange is in flight, or the store has not acknowledged the newest token.
    Unsettled,
}
