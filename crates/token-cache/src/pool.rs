//! The tokens of very many accounts.

mod account_of;
mod accounts;
pub(crate) mod builder;
mod deployment_name;
mod deployments;
mod endpoints;
pub(crate) mod health;
mod inner;
mod keep_fresh;
pub(crate) mod pool_account;
mod schedule;
mod sweep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::{Error, Token};

use self::accounts::Wanted;
use self::inner::Inner;
use crate::cache::{Drained, TokenCache};
use crate::current::pool_events::PoolEvents;
use crate::current::token_guard::TokenGuard;
use crate::flight::background::KeepFresh;

/// The access tokens of very many accounts, each kept as by a [`TokenCache`](crate::TokenCache).
///
/// ```
/// # use token_core::{Error, HttpClient, TokenEndpoint};
/// # async fn run<E: TokenEndpoint>(
/// #     acme: impl Fn(&str) -> Result<E, Error> + Send + Sync + 'static,
/// #     http: impl HttpClient,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use token_cache::TokenPool;
///
/// let pool = TokenPool::builder(move |account| acme(account)).http_client(http).build()?;
/// let token = pool.token("customer-17").await?;
/// println!("{:?}", token.headers());
/// # Ok(())
/// # }
/// ```
///
/// An account that is in order costs a few hundred bytes beside its token's text. What works on a
/// refresh exists only while it is under way. All accounts share the HTTP client, the store and the
/// limits of the [builder](crate::TokenPoolBuilder): how many are in memory, how many exchanges are
/// under way at a vendor, and how fast they start. What leaves memory is in the store, and comes
/// from there when it is asked for again.
///
/// If thousands of tokens a second are refreshed, take `HyperClient` of `token-hyper` as the HTTP
/// client: a request over reqwest takes about twice its processor time. Threads also wait for each
/// other in glibc's allocator: with jemalloc, a measurement showed 1.4 times as many refreshes.
///
/// Clones share one pool.
#[derive(Clone)]
pub struct TokenPool {
    inner: Arc<Inner>,
}

impl TokenPool {
    /// Returns a live token of this account, as [`TokenCache::token`](crate::TokenCache::token)
    /// does: at once if it is fresh, else from the store or by an exchange that all callers share.
    ///
    /// Waits at most the builder's [`wait_timeout`](crate::TokenPoolBuilder::wait_timeout).
    ///
    /// # Errors
    ///
    /// Those of [`TokenCache::token`](crate::TokenCache::token), and that of the function that
    /// makes the account's endpoint.
    pub async fn token(&self, account: &str) -> Result<TokenGuard, Error> {
        self.token_within(account, self.inner.wait_timeout()).await
    }

    /// Like [`token`](Self::token), but waits at most `wait`. The exchange has its own, longer
    /// deadline and goes on.
    ///
    /// # Errors
    ///
    /// The same as [`token`](Self::token).
    pub async fn token_within(&self, account: &str, wait: Duration) -> Result<TokenGuard, Error> {
        match self.inner.fresh(account) {
            Some(token) => Ok(token),
            // In a box, as in `TokenCache::token_within`.
            None => Box::pin(self.inner.token(account, wait)).await,
        }
    }

    /// Returns the token of this account if it is in memory and fresh, without asking for one.
    pub fn fresh(&self, account: &str) -> Option<TokenGuard> {
        self.inner.fresh(account)
    }

    /// Reports that an API rejected this token with 401, as
    /// [`TokenCache::invalidate`](crate::TokenCache::invalidate) does. If the account is not in
    /// memory, nothing is noted.
    pub fn invalidate(&self, account: &str, token: &Token) {
        self.inner.reject(account, token);
    }

    /// Takes the account out of memory, with all that is known of it: for a customer who has left.
    ///
    /// ```
    /// # fn leave(pool: token_cache::TokenPool) {
    /// pool.forget("customer-17");
    /// # }
    /// ```
    ///
    /// What is under way for the account is completed and stored first; then it leaves memory too.
    /// A caller that asks for the account again begins with what the store has; one whose endpoint
    /// is still being made brings the account back. If the refresh token may have been spent by an
    /// exchange whose outcome is unknown, the account stays until the next one. Other failures are
    /// forgotten, as are a pause that the vendor asked for and the rejection of a token by an API.
    ///
    /// The store keeps the token, and [`keep_fresh`](Self::keep_fresh) keeps that grant alive. Only
    /// [`logout`](TokenCache::logout) ends the grant and deletes the token:
    /// `pool.cache("customer-17").await?.logout().await?`, and then `forget`.
    pub fn forget(&self, account: &str) {
        self.inner.accounts().forget(account);
    }

    /// Returns the cache of one account: to begin and end its grant, to look at its health, or for
    /// an adapter that calls an API with its token.
    ///
    /// ```
    /// # use token_core::Secret;
    /// # async fn log_out(pool: token_cache::TokenPool) -> Result<(), token_core::Error> {
    /// pool.cache("customer-17").await?.logout().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// While it exists, the account is in memory and costs as much as a cache: about two kilobytes.
    ///
    /// # Errors
    ///
    /// That of the function that makes the account's endpoint.
    pub async fn cache(&self, account: &str) -> Result<TokenCache, Error> {
        let working = self.inner.engine(account, Wanted::ByCaller).await?;
        Ok(working.into_cache())
    }

    /// Starts a task that refreshes tokens without traffic, until the pool is dropped or
    /// [`KeepFresh::stop`] is called: those in memory when they are due, and those that only the
    /// store has, so that their grants stay alive.
    ///
    /// The store must list what is due: [`TokenStore::due`](token_core::TokenStore::due). Several
    /// processes that share a store share that work. A second call while the task runs does
    /// nothing.
    ///
    /// After a failure, an account is left alone for at least 30 seconds; one whose grant was
    /// refused, by whichever process and rightly or not, until somebody gets a token for it or
    /// begins another grant. Those that the store has are listed in
    /// [`logins_needed`](Self::logins_needed) soon after the task starts, while there is room in
    /// memory. What another process finds to be refused later is listed within 15 minutes; if the
    /// account is in memory here, once its token is due. Where very many tokens wait for their
    /// refresh at one deployment, both are listed up to 15 minutes after that.
    pub fn keep_fresh(&self) -> KeepFresh {
        self.inner.keep_fresh()
    }

    /// Stops [`keep_fresh`](Self::keep_fresh), and waits, at most `within`, until no exchange is in
    /// flight and the store has acknowledged all tokens. Call it before the process exits, once
    /// nobody asks for tokens any more.
    pub async fn drain(&self, within: Duration) -> Drained {
        self.inner.drain(within).await
    }

    /// Returns a stream of what happens to all tokens from now on.
    pub fn events(&self) -> PoolEvents {
        self.inner.events()
    }
}

impl fmt::Debug for TokenPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPool")
            .field("accounts", &self.inner.accounts().count())
            .field("deployments", &self.inner.deployments.count())
            .finish_non_exhaustive()
    }
}
