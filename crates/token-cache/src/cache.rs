//! The product: one token, kept fresh.

mod grant;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Generation, Request, Scrubber, Token, TokenKey,
};

use crate::current::cached_token::TokenGuard;
use crate::current::events::Events;
use crate::flight::Shared;
use crate::flight::background::KeepFresh;

/// One vendor's access token, kept fresh for any number of tasks.
///
/// ```
/// # async fn run(endpoint: impl token_core::TokenEndpoint, http: impl token_core::HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::TokenCache;
///
/// let tokens = TokenCache::builder(endpoint).http_client(http).build()?;
/// let token = tokens.token().await?; // one exchange, however many tasks ask; fresh from here on
/// println!("{:?}", token.headers());
/// # Ok(())
/// # }
/// ```
///
/// Clones share one token. Dropping the last one leaks no task and loses no rotation: an exchange
/// under way is finished and committed.
#[derive(Clone)]
pub struct TokenCache {
    shared: Arc<Shared>,
}

impl TokenCache {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A live token.
    ///
    /// A fresh one costs one atomic load and one look at the clock. In the last part of its life,
    /// callers still get it at once while one exchange runs. Near its end they wait for that
    /// exchange, and get the current token if it fails before the expiry. An expired token is never
    /// handed out.
    ///
    /// # Errors
    ///
    /// Only where there is no live token: the failure of the exchange, shared by all who waited for
    /// it; [`Transient`](token_core::ErrorKind::Transient) where the caller's time was over first.
    pub async fn token(&self) -> Result<TokenGuard, Error> {
        self.token_within(self.shared.wait_timeout()).await
    }

    /// A live token, waiting at most so long; see [`token`](Self::token). The exchange has its own,
    /// longer time and goes on.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_within(&self, wait: Duration) -> Result<TokenGuard, Error> {
        match self.shared.current.fresh() {
            Some(token) => Ok(token),
            None => self.shared.token(wait).await,
        }
    }

    /// Returns a live token that lives for at least `span`, such as the time that a long upload
    /// takes or a signed URL is valid. If the token in hand does not, one exchange is made; none,
    /// if an exchange of the last minute has shown that it would be in vain.
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
    /// As [`token`](Self::token); [`Config`](token_core::ErrorKind::Config) if the vendor's tokens
    /// do not live that long, with both lifetimes in the message.
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

    /// Returns another token than the one of this generation: makes an exchange now, however fresh
    /// the token is. Callers that name the same generation share one exchange; one that names an
    /// older generation gets the token in hand.
    ///
    /// ```
    /// # async fn force(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// let generation = tokens.token().await?.generation();
    /// let newer = tokens.refresh_if(generation).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A vendor that repeats its living token may answer with the same one, which is then returned.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token). After a failure, the pause before the next exchange is kept:
    /// [`Error::retry_after`] says how much of it is left.
    pub async fn refresh_if(&self, generation: Generation) -> Result<TokenGuard, Error> {
        let within = self.shared.wait_timeout();
        self.shared.another(generation, within).await
    }

    /// The live token that is in hand, without asking for one.
    pub fn current(&self) -> Option<TokenGuard> {
        self.shared.current.live()
    }

    /// Puts a live token on an API request whose body is `body`, signed where the vendor wants
    /// that.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token), and where the request cannot be signed.
    pub async fn authorize(&self, request: &mut Parts, body: &[u8]) -> Result<TokenGuard, Error> {
        let token = self.token().await?;
        let attempt = self.attempt();
        let endpoint = self.shared.refresher.endpoint();
        endpoint.authorize(&token, request, body, &attempt)?;
        Ok(token)
    }

    /// Tells that an API refused this token with 401. The next caller waits for another one. A late
    /// 401 for an older token changes nothing, and tokens that are refused one after the other are
    /// replaced ever more slowly: another token is not the cure then.
    ///
    /// ```
    /// # async fn call(tokens: token_cache::TokenCache, status: u16) -> Result<(), token_core::Error> {
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

    /// Asks the vendor something about a token, such as an introspection: sends the request once
    /// and reads the answer.
    ///
    /// # Errors
    ///
    /// What `build` and `read` say, and a transport's failure.
    pub async fn send_request<T>(
        &self,
        build: impl FnOnce(&Attempt) -> Result<Request, Error>,
        read: impl FnOnce(&Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request = build(&self.attempt())?;
        self.shared.ask(request, read).await
    }

    /// Refreshes without traffic, from now until the cache is gone or the handle says stop. Not
    /// needed for correctness; it saves the first caller after a pause from waiting.
    ///
    /// It runs beside the exchanges and needs no runtime of the caller's. It never logs in again
    /// after a logout: a caller's [`token`](Self::token) does.
    pub fn keep_fresh(&self) -> KeepFresh {
        self.shared.keep_fresh()
    }

    /// What happens to the token from now on.
    pub fn events(&self) -> Events {
        Events::new(self.shared.current.subscribe())
    }

    /// Waits, at most so long, until no exchange is under way and the store has acknowledged what
    /// came of it. To be called before a process ends.
    pub async fn drain(&self, within: Duration) -> Drained {
        match self.shared.drain(within).await {
            true => Drained::Settled,
            false => Drained::Unsettled,
        }
    }

    /// The name of the grant in stores, logs and metrics.
    pub fn key(&self) -> &TokenKey {
        self.shared.current.key()
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
        "they live {} s, {} s were asked for",
        life.as_secs(),
        span.as_secs()
    );
    Error::new(
        ErrorKind::Config,
        "the vendor's tokens do not live as long as asked for",
    )
    .with_message(&message, &Scrubber::new([]))
}

/// The answer to [`TokenCache::drain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// Nothing is under way, and the store has everything.
    Settled,
    /// The time was over first: an exchange is under way, or the store has not acknowledged the
    /// newest token.
    Unsettled,
}
