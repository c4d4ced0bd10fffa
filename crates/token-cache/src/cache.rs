//! The product: one token, kept fresh.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use token_core::{Answer, Attempt, Error, OneTimeGrant, Request, Token, TokenEndpoint, TokenKey};

use crate::builder::TokenCacheBuilder;
use crate::engine::Engine;
use crate::events::Events;
use crate::held::TokenGuard;
use crate::job::Job;
use crate::keep_fresh::{self, KeepFresh};
use crate::logout::{self, LoggedOut};
use crate::new_grants::NewGrant;

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
    pub(crate) engine: Arc<Engine>,
}

impl TokenCache {
    /// Begins a cache for an endpoint.
    pub fn builder(endpoint: impl TokenEndpoint) -> TokenCacheBuilder {
        TokenCacheBuilder::new(Box::new(endpoint))
    }

    pub(crate) fn new_from(engine: Engine) -> Self {
        Self {
            engine: Arc::new(engine),
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
        self.token_within(self.engine.settings.wait).await
    }

    /// A live token, waiting at most so long; see [`token`](Self::token). The exchange has its own,
    /// longer time and goes on.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn token_within(&self, wait: Duration) -> Result<TokenGuard, Error> {
        match self.engine.fresh() {
            Some(token) => Ok(token),
            None => self.engine.token(wait).await,
        }
    }

    /// Forgets that the vendor refused the grant, so that the next caller tries it again: the
    /// vendor was wrong, or somebody mended the account. What the vendor asked for (a frozen
    /// account, `Retry-After`) still counts.
    pub fn forget_rejection(&self) {
        self.engine.forget_verdict();
    }

    /// The live token that is in hand, without asking for one.
    pub fn current(&self) -> Option<TokenGuard> {
        self.engine.live()
    }

    /// Puts a live token on an API request whose body is `body`, signed where the vendor wants
    /// that.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token), and where the request cannot be signed.
    pub async fn authorize(&self, request: &mut Parts, body: &[u8]) -> Result<TokenGuard, Error> {
        let token = self.token().await?;
        self.engine
            .endpoint
            .authorize(&token, request, body, &self.engine.line().attempt())?;
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
        self.engine.refuse(token);
    }

    /// Gets the first token of a grant from a one-time code or a person's password. It is sent once
    /// and never again by itself.
    ///
    /// # Errors
    ///
    /// What the vendor says to it; [`Store`](token_core::ErrorKind::Store), with nothing sent,
    /// where the store cannot be reached.
    pub async fn redeem(&self, redemption: OneTimeGrant) -> Result<TokenGuard, Error> {
        self.begin(NewGrant::Redeem(redemption)).await
    }

    /// Takes over a token that you have, as the first of a new lineage, whatever the store holds.
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) where the store cannot be reached; what a refresh
    /// says where the token is expired.
    pub async fn set_token(&self, token: Token) -> Result<TokenGuard, Error> {
        self.begin(NewGrant::Adopt(token)).await
    }

    /// Ends the grant: leaves a tombstone in the store, so that a late commit does not bring it
    /// back, and asks the vendor to revoke the newest token that is known, if the vendor can. From
    /// the start on no token is published; once it has begun, it runs to its end, whatever becomes
    /// of its caller.
    ///
    /// An endpoint with a repeatable login gets a new grant when somebody asks for a token again:
    /// there a logout means "revoke and start over". To shut the program out, take its credential
    /// away. Any other needs [`redeem`](Self::redeem) or [`set_token`](Self::set_token).
    ///
    /// ```
    /// # async fn end(tokens: token_cache::TokenCache) -> Result<(), token_core::Error> {
    /// use token_cache::LoggedOut;
    ///
    /// if let LoggedOut::NotRevoked { error } = tokens.logout().await? {
    ///     eprintln!("the grant is over here, but the vendor was not told: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Store`](token_core::ErrorKind::Store) if the tombstone could not be written: then nothing
    /// was revoked or dropped.
    pub async fn logout(&self) -> Result<LoggedOut, Error> {
        let job = Job::of(&self.engine);
        self.engine.tasks.run(logout::logout(job)).await
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
        let request = build(&self.engine.line().attempt())?;
        let job = Job::of(&self.engine);
        let asking = async move { job.line().ask(request, job.settings.exchange).await };
        let reply = self.engine.tasks.run(asking).await?;
        read(&reply.answer())
    }

    /// Refreshes without traffic, from now until the cache is gone or the handle says stop. Not
    /// needed for correctness; it saves the first caller after a pause from waiting.
    ///
    /// It runs beside the exchanges and needs no runtime of the caller's. It never logs in again
    /// after a logout: a caller's [`token`](Self::token) does.
    pub fn keep_fresh(&self) -> KeepFresh {
        keep_fresh::start(&self.engine)
    }

    /// What happens to the token from now on.
    pub fn events(&self) -> Events {
        Events::new(self.engine.listen())
    }

    /// Waits, at most so long, until no exchange is under way and the store has acknowledged what
    /// came of it. To be called before a process ends.
    pub async fn drain(&self, within: Duration) -> Drained {
        let job = Job::of(&self.engine);
        if !job.is_flying() && job.pending.is_settled() {
            return Drained::Settled;
        }
        // The task ends with the time that its caller has, and not with the outage of a store.
        let settling = async move {
            let settling = settle(&job);
            let in_time = tokio::time::timeout(within, settling).await;
            Ok(in_time.is_ok())
        };
        match self.engine.tasks.run(settling).await {
            Ok(true) => Drained::Settled,
            _ => Drained::Unsettled,
        }
    }

    /// The name of the grant in stores, logs and metrics.
    pub fn key(&self) -> &TokenKey {
        &self.engine.key
    }

    async fn begin(&self, grant: NewGrant) -> Result<TokenGuard, Error> {
        self.engine.begin(grant).await?;
        self.token().await
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCache({:?})", self.engine)
    }
}

async fn settle(job: &Job) {
    job.landed().await;
    while !job.pending.is_settled() {
        // Another token may have come while this one was written.
        if job.pending.settle_after_flight(job).await.is_err() {
            tokio::time::sleep(BETWEEN_WRITES).await;
        }
    }
}

/// How often a drain writes again what the store did not take.
const BETWEEN_WRITES: Duration = Duration::from_millis(100);

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
