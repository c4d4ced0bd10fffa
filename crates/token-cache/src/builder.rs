//! Builds a [`TokenCache`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::store::Owner;
use token_core::{
    ApiOrigin, BaseUrl, BuildError, Clock, Error, HttpClient, PlainHttp, RefreshPolicy, Secret,
    Token, TokenEndpoint, TokenStore,
};
use tokio::runtime::Handle;

use crate::cache::TokenCache;
use crate::clock::CacheClock;
use crate::current::backoff::Backoff;
use crate::current::entropy::Entropy;
use crate::current::{Current, EndpointTraits, Timing};
use crate::flight::Shared;
use crate::flight::runtime::{Tasks, has_timers};
use crate::memory::MemoryStore;
use crate::refresh::attempts::Attempts;
use crate::refresh::bound_store::{BoundStore, NamedStore};
use crate::refresh::endpoint_source::{AnyEndpoint, EndpointSource, MakeEndpoint};
use crate::refresh::{Parts, Refresher, Settings};
use crate::telemetry::metric;

/// Upper bound for `lease_ttl`.
const LONGEST_LEASE: Duration = Duration::from_secs(86_400);
/// The longest operation of a store. Twice this, and `LONGEST_WRITE_PAUSE` of
/// `refresh/pending.rs`, are the 15 s that `refresh/doubt.rs` waits at least.
const STORE_LIMIT: Duration = Duration::from_secs(5);

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
    api_origins: Vec<Result<ApiOrigin, BuildError>>,
    http: Option<Box<dyn HttpClient>>,
    store: NamedStore,
    fallback: Option<NamedStore>,
    clock: CacheClock,
    timing: Timing,
    settings: Settings,
    wait_timeout: Duration,
    initial: Option<Result<Token, BuildError>>,
    runtime: Option<Handle>,
}

impl TokenCacheBuilder {
    fn new(endpoint: AnyEndpoint, make_endpoint: Option<MakeEndpoint>) -> Self {
        Self {
            endpoint,
            make_endpoint,
            api_origins: Vec::new(),
            http: None,
            store: NamedStore::of(MemoryStore::new()),
            fallback: None,
            clock: CacheClock::System,
            timing: Timing::default(),
            settings: Settings::default(),
            wait_timeout: Duration::from_secs(30),
            initial: None,
            runtime: None,
        }
    }

    /// Sets the HTTP client. Required.
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.http = Some(Box::new(client));
        self
    }

    /// Names an API that the token may be sent to, by a URL such as `https://api.example.com`, of
    /// which the scheme, the host and the port count. Adapters send the token there and to the
    /// endpoint's own origins, and nowhere else. Can be called several times.
    pub fn api_url(mut self, url: &str) -> Self {
        let base = BaseUrl::parse(url, PlainHttp::Refused);
        let invalid = |_| {
            BuildError::invalid(
                "api_url",
                "is not an https:// URL; one with http:// is for `api_origin`",
            )
        };
        self.api_origins
            .push(base.map(|base| base.origin()).map_err(invalid));
        self
    }

    /// Names an API that the token may be sent to. As [`api_url`](Self::api_url), also for plain
    /// http: `BaseUrl::parse(…, PlainHttp::Allowed)?.origin()`.
    pub fn api_origin(mut self, origin: ApiOrigin) -> Self {
        self.api_origins.push(Ok(origin));
        self
    }

    /// Sets the store that keeps the token between processes. Default: a [`MemoryStore`].
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = NamedStore::of(store);
        self
    }

    /// Sets a store on this machine, such as a `FileStore`, for tokens that the shared store has
    /// not acknowledged. They are durable there at once, so a process that dies meanwhile loses
    /// nothing: the next process on this machine writes them to the shared store. Default: none.
    pub fn fallback_store(mut self, store: impl TokenStore) -> Self {
        self.fallback = Some(NamedStore::of(store));
        self
    }

    /// Sets the clock. Default: [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = CacheClock::Given(Box::new(clock));
        self
    }

    /// Sets the runtime of exchanges, store operations and [`keep_fresh`](TokenCache::keep_fresh).
    /// Default: the library's own, which all caches of the process share. It is started with the
    /// first exchange and never shut down, so an exchange does not end with the runtime of the
    /// caller that started it.
    ///
    /// A test with paused time passes `tokio::runtime::Handle::current()`. A current-thread runtime
    /// makes progress only while it is driven. Once the given runtime has shut down, new work goes
    /// to the library's own; an exchange that was in flight ends with it, and its callers get
    /// [`ErrorKind::InDoubt`](token_core::ErrorKind::InDoubt) unless the refresh request can be
    /// repeated safely.
    pub fn runtime(mut self, handle: Handle) -> Self {
        self.runtime = Some(handle);
        self
    }

    /// Sets a token that you already have, such as one made by [`Token::from_refresh_token`]. It is
    /// used if the store has nothing for this key, or if the stored grant was refused or logged out
    /// and did not begin with this token. The same one is not tried twice. Default: none.
    pub fn initial_token(mut self, token: Token) -> Self {
        self.initial = Some(Ok(token));
        self
    }

    /// Sets the refresh token that the grant begins with, such as one from an earlier login: the
    /// same as [`initial_token`](Self::initial_token) with [`Token::from_refresh_token`]. If it is
    /// blank, [`build`](Self::build) fails.
    pub fn refresh_token(mut self, token: Secret) -> Self {
        let initial = Token::from_refresh_token(token);
        self.initial = Some(initial.map_err(|_| BuildError::invalid("refresh_token", "is blank")));
        self
    }

    /// Sets how long before its expiry a token is refreshed.
    pub fn refresh_policy(mut self, policy: RefreshPolicy) -> Self {
        self.timing.policy = policy;
        self
    }

    /// Sets how long to pause after failures.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.timing.backoff = backoff;
        self
    }

    /// Sets how long a caller of [`token`](TokenCache::token) waits. Default: 30 seconds. The
    /// exchange goes on without it.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// Sets how long an exchange may take. Default: 20 seconds. With a single-use refresh token it
    /// is 120 seconds, or this if it is longer, because an exchange that is cut off may lose the
    /// grant.
    pub fn exchange_deadline(mut self, deadline: Duration) -> Self {
        self.settings.exchange = deadline;
        self.settings.single_use_exchange = deadline.max(self.settings.single_use_exchange);
        self
    }

    /// Sets how long a lease in a shared store lives unless it is renewed. Default: 30 seconds; at
    /// least 50 milliseconds, at most a day. It is renewed at each third of its life. If the
    /// owner dies, the others wait this long; a slow owner loses a short lease more easily.
    pub fn lease_ttl(mut self, life: Duration) -> Self {
        self.settings.lease_ttl = life.max(Duration::from_millis(50));
        self
    }

    /// Sets how long a refresh waits for another owner's lease, while it watches for that owner's
    /// commit. Default: 60 seconds.
    pub fn lease_timeout(mut self, wait: Duration) -> Self {
        self.settings.lease_timeout = wait;
        self
    }

    /// Builds the cache. Nothing is requested yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the HTTP client is missing, an API's URL is invalid, the refresh token is blank, the lease is
    /// longer than a day, the given runtime has no timers, or the operating system provides no
    /// random numbers.
    pub fn build(self) -> Result<TokenCache, BuildError> {
        let http = self
            .http
            .ok_or_else(|| BuildError::missing("http_client"))?;
        let tasks = tasks(self.runtime)?;
        if self.settings.lease_ttl > LONGEST_LEASE {
            return Err(BuildError::invalid("lease_ttl", "must be at most a day"));
        }
        let attempts = Attempts::new(Entropy::from_system()?);
        let origins = self.api_origins.into_iter().collect::<Result<_, _>>()?;
        let traits = EndpointTraits::of(&*self.endpoint, &attempts.next(&self.clock.now()))
            .with_api_origins(origins);
        let current = Current::new(traits, self.clock, self.timing)?;
        metric::begin(current.key());
        let owner = Owner::new(attempts.random_bytes());
        let bind =
            |store| BoundStore::new(store, current.key().clone(), owner.clone(), STORE_LIMIT);
        let refresher = Refresher::new(Parts {
            endpoint: EndpointSource::new(self.endpoint, self.make_endpoint),
            http,
            attempts,
            store: bind(self.store),
            fallback: self.fallback.map(bind),
            settings: self.settings,
            initial: self.initial.transpose()?,
        });
        let shared = Shared::new(current, refresher, tasks, self.wait_timeout);
        Ok(TokenCache::new(shared))
    }
}

fn tasks(runtime: Option<Handle>) -> Result<Tasks, BuildError> {
    match runtime {
        Some(handle) if !has_timers(&handle) => Err(BuildError::invalid(
            "runtime",
            "has no timers: enable_time() or enable_all()",
        )),
        Some(handle) => Ok(Tasks::on(handle)),
        None => Ok(Tasks::default()),
    }
}

impl fmt::Debug for TokenCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCacheBuilder({})", self.endpoint.key())
    }
}
