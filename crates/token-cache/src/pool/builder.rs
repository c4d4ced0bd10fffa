//! Builds a [`TokenPool`].

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use token_core::{
    ApiOrigin, BaseUrl, BuildError, Clock, Error, HttpClient, PlainHttp, RefreshPolicy, TokenKey,
    TokenStore,
};
use tokio::runtime::Handle;

use super::TokenPool;
use super::account_of::AccountOf;
use super::accounts::Accounts;
use super::deployments::{self, Deployments};
use super::endpoints::Endpoints;
use super::inner::{Inner, Limits};
use super::pool_account::PoolAccount;
use super::schedule::Schedule;
use crate::builder::options::{Options, setters};
use crate::clock::CacheClock;
use crate::current::backoff::Backoff;
use crate::memory::MemoryStore;
use crate::refresh::bound_store::NamedStore;
use crate::telemetry::pool_metric;

impl TokenPool {
    /// Returns a builder for a pool whose endpoints this function makes, by the account's name. It
    /// must return different keys for different accounts. An account whose key changes begins with
    /// what the store has under the new key. A [`PoolAccount`] in the place of an endpoint also has
    /// the token that the grant begins with.
    ///
    /// It is called whenever a token that is not in use is to be refreshed, so it sees credentials
    /// that have changed. Its errors are the callers'.
    pub fn builder<A: Into<PoolAccount>>(
        make: impl Fn(&str) -> Result<A, Error> + Send + Sync + 'static,
    ) -> TokenPoolBuilder {
        let make = move |account: &str| make(account).map(Into::into);
        TokenPoolBuilder::new(Endpoints::Now(Box::new(make)))
    }

    /// Returns a builder for a pool whose endpoints are made by a function that waits, for example
    /// for a database that has the accounts' credentials. It may take as long as the builder's
    /// [`exchange_deadline`](TokenPoolBuilder::exchange_deadline).
    ///
    /// ```
    /// # use token_core::{Error, HttpClient, TokenEndpoint};
    /// # async fn run<E: TokenEndpoint>(
    /// #     http: impl HttpClient,
    /// #     load: impl AsyncFn(&str) -> Result<E, Error>,
    /// #     acme: impl Fn(String) -> Result<E, Error> + Copy + Send + Sync + 'static,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use token_cache::TokenPool;
    ///
    /// let pool = TokenPool::builder_from(move |account| async move {
    ///     let path = format!("/run/secrets/{account}");
    ///     let secret = tokio::fs::read_to_string(path).await.unwrap_or_default();
    ///     acme(secret)
    /// })
    /// .http_client(http)
    /// .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_from<A, F, Fut>(make: F) -> TokenPoolBuilder
    where
        A: Into<PoolAccount>,
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Error>> + Send + 'static,
    {
        TokenPoolBuilder::new(Endpoints::later(Box::new(move |account| {
            let making = make(account.to_owned());
            Box::pin(async move { making.await.map(Into::into) })
        })))
    }
}

/// Builds a [`TokenPool`]. Only the HTTP client is required.
#[must_use]
pub struct TokenPoolBuilder {
    endpoints: Endpoints,
    options: Options,
    limits: Limits,
    of_deployments: deployments::Limits,
    account_of: AccountOf,
}

impl TokenPoolBuilder {
    fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            options: Options {
                store: NamedStore::of(MemoryStore::new()),
                ..Options::default()
            },
            limits: Limits {
                in_memory: 1_000_000,
                between_sweeps: Duration::from_secs(60),
            },
            of_deployments: deployments::Limits {
                at_once: 64,
                rate: None,
            },
            account_of: AccountOf::default(),
        }
    }

    setters!();

    /// Sets how many accounts are in memory at most. Default: 1,000,000. Those that were not used
    /// for longest leave first; the store has their tokens. Accounts with a request under way, or
    /// with a token that the store has not acknowledged, stay in any case; so do those that have
    /// just failed, until they may be tried again.
    pub fn max_in_memory(mut self, accounts: usize) -> Self {
        self.limits.in_memory = accounts.max(1);
        self
    }

    /// Sets how many exchanges are under way at most with one vendor at one host. Default: 64.
    /// Others wait for their turn. An eighth of them is kept for callers, and a code or password
    /// that somebody has just entered does not wait.
    ///
    /// An exchange is over when the vendor has answered. Exchanges and tokens that wait to be stored
    /// are together at most twice as many: a process that is killed loses those that wait.
    pub fn max_exchanges(mut self, at_once: usize) -> Self {
        self.of_deployments.at_once = at_once.max(1);
        self
    }

    /// Sets how many exchanges start at most in `span` with one vendor at one host, evenly spread
    /// over that time. Default: no limit. Callers and [`keep_fresh`](TokenPool::keep_fresh) take
    /// turns.
    ///
    /// Whatever is set here: if a vendor answers that it is busy, with `Retry-After`, one exchange
    /// a second is started until that time is over or the vendor issues a token again.
    pub fn max_rate(mut self, exchanges: NonZeroU32, span: Duration) -> Self {
        self.of_deployments.rate = Some((exchanges, span));
        self
    }

    /// Sets how long the store is left alone after [`keep_fresh`](TokenPool::keep_fresh) has looked
    /// through all that is due there. Default: 60 seconds; at least one.
    pub fn sweep_interval(mut self, pause: Duration) -> Self {
        self.limits.between_sweeps = pause.max(Duration::from_secs(1));
        self
    }

    /// Sets which account a key in the store belongs to, for [`keep_fresh`](TokenPool::keep_fresh);
    /// `None` for a key of another program. Default: the last part of the key, decoded, which is
    /// the `grant` of [`TokenKey::of`].
    ///
    /// An account whose endpoint turns out to have another key is left alone.
    pub fn account_of(
        mut self,
        account_of: impl Fn(&TokenKey) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.account_of = AccountOf::by(account_of);
        self
    }

    /// Builds the pool. Nothing is requested yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the HTTP client is missing, an API's URL is invalid, the lease is longer
    /// than a day, the given runtime has no timers, or the operating system provides no random
    /// numbers.
    pub fn build(self) -> Result<TokenPool, BuildError> {
        // Few callers at a time send the token of one account.
        let engines = self.options.into_engines(1)?;
        pool_metric::begin();
        let deployments = Deployments::new(self.of_deployments, engines.clock.clone());
        let inner = Arc::new_cyclic(|this| Inner {
            engines,
            endpoints: self.endpoints,
            accounts: Accounts::default(),
            deployments,
            schedule: Schedule::default(),
            channel: Arc::default(),
            account_of: self.account_of,
            limits: self.limits,
            evicted: AtomicU64::new(0),
            background: Mutex::default(),
            this: this.clone(),
        });
        Ok(TokenPool { inner })
    }
}

impl fmt::Debug for TokenPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPoolBuilder").finish_non_exhaustive()
    }
}
