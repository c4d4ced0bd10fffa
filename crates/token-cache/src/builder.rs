//! Puts a [`TokenCache`] together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::{
    BuildError, Clock, HttpClient, RefreshPolicy, Secret, Token, TokenEndpoint, TokenStore,
    Validity,
};

use tokio::runtime::Handle;

use crate::attempts::Attempts;
use crate::backoff::Backoff;
use crate::cache::TokenCache;
use crate::clock::SystemClock;
use crate::engine::{Engine, Parts};
use crate::entropy::Entropy;
use crate::memory::MemoryStore;
use crate::runtime::{Tasks, has_timers};
use crate::settings::Settings;

/// Puts a [`TokenCache`] together; every slot but the HTTP client has a default.
#[must_use]
pub struct TokenCacheBuilder {
    endpoint: Box<dyn TokenEndpoint>,
    http: Option<Box<dyn HttpClient>>,
    store: Arc<dyn TokenStore>,
    spill: Option<Arc<dyn TokenStore>>,
    clock: Box<dyn Clock>,
    settings: Settings,
    initial: Option<Result<Token, BuildError>>,
    runtime: Option<Handle>,
}

impl TokenCacheBuilder {
    pub(crate) fn new(endpoint: Box<dyn TokenEndpoint>) -> Self {
        Self {
            endpoint,
            http: None,
            store: Arc::new(MemoryStore::new()),
            spill: None,
            clock: Box::new(SystemClock),
            settings: Settings::default(),
            initial: None,
            runtime: None,
        }
    }

    /// What carries the requests; must be given.
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.http = Some(Box::new(client));
        self
    }

    /// Where the token lives between processes; [`MemoryStore`] where nothing is said.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// A store of this machine, such as a `FileStore`, for a token that the shared store did not
    /// acknowledge: it is durable there at once, so that a process that dies meanwhile loses
    /// nothing. The next process of this machine finds it and writes it to the shared store.
    pub fn fallback_store(mut self, store: impl TokenStore) -> Self {
        self.spill = Some(Arc::new(store));
        self
    }

    /// Where time comes from; [`SystemClock`] where nothing is said.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The runtime that exchanges, store operations and [`keep_fresh`](TokenCache::keep_fresh) run
    /// on. Default: one of this library's own, shared by all caches of the process, started at the
    /// first exchange and never shut down, so that an exchange does not end with the runtime of the
    /// caller who started it.
    ///
    /// A test with paused time gives `tokio::runtime::Handle::current()`. A current-thread runtime
    /// must be driven for anything to happen. Once the given runtime has shut down, new work goes
    /// to the library's own. An exchange that was under way ends with it, and its callers get
    /// [`ErrorKind::InDoubt`](token_core::ErrorKind::InDoubt) unless the refresh request can be
    /// repeated safely.
    pub fn runtime(mut self, handle: Handle) -> Self {
        self.runtime = Some(handle);
        self
    }

    /// A token that you have already, such as one made by [`Token::from_refresh_token`]. It is used
    /// if the store has nothing for this key, or if the grant that is stored is refused or was
    /// logged out and did not begin with this token. The same one is not tried twice.
    pub fn initial_token(mut self, token: Token) -> Self {
        self.initial = Some(Ok(token));
        self
    }

    /// Sets the refresh token that the grant begins with, such as one from an earlier login. The
    /// same as [`initial_token`](Self::initial_token) with [`Token::from_refresh_token`]; if it is
    /// blank, [`build`](Self::build) fails.
    pub fn refresh_token(mut self, token: Secret) -> Self {
        let initial = Token::from_refresh_token(token);
        self.initial = Some(initial.map_err(|_| BuildError::invalid("refresh_token", "is blank")));
        self
    }

    /// How early a token is refreshed.
    pub fn refresh_policy(mut self, windows: RefreshPolicy) -> Self {
        self.settings.windows = windows;
        self
    }

    /// How long to hold off after failures.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// How long a caller of [`token`](TokenCache::token) waits; 30 seconds where nothing is said.
    /// The exchange goes on without it.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.settings.wait = wait;
        self
    }

    /// The longest exchange; 20 seconds where nothing is said. One whose refresh token works only
    /// once has 120 seconds, or this where it is more: what is cut off may be lost.
    pub fn exchange_deadline(mut self, deadline: Duration) -> Self {
        self.settings.exchange = deadline;
        self.settings.single_use_exchange = deadline.max(self.settings.single_use_exchange);
        self
    }

    /// How long a lease in a shared store lives unless it is renewed; 30 seconds where nothing is
    /// said. It is renewed at each third of its life. After a holder died, the others wait for so
    /// long; a shorter one is lost more easily by a holder that is slow.
    pub fn lease_ttl(mut self, life: Duration) -> Self {
        self.settings.lease = life.max(Duration::from_millis(50));
        self
    }

    /// How long a flight waits for another holder's lease, watching for that one's commit; 60
    /// seconds where nothing is said.
    pub fn lease_timeout(mut self, wait: Duration) -> Self {
        self.settings.lease_wait = wait;
        self
    }

    /// The finished cache. Nothing is asked for yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the HTTP client is missing, the lease is longer than a day, the given
    /// runtime has no timers, or the operating system gives no random numbers.
    pub fn build(self) -> Result<TokenCache, BuildError> {
        let http = self
            .http
            .ok_or_else(|| BuildError::missing("http_client"))?;
        let tasks = match self.runtime {
            Some(handle) if !has_timers(&handle) => {
                return Err(BuildError::invalid(
                    "runtime",
                    "has no timers: enable_time() or enable_all()",
                ));
            }
            Some(handle) => Tasks::on(handle),
            None => Tasks::default(),
        };
        if self.settings.lease > LONGEST_LEASE {
            return Err(BuildError::invalid("lease_ttl", "must be at most a day"));
        }
        let engine = Engine::new(Parts {
            endpoint: self.endpoint,
            http,
            store: self.store,
            spill: self.spill,
            clock: self.clock,
            settings: self.settings,
            attempts: Attempts::new(Entropy::from_system()?),
            tasks,
            initial: self.initial.transpose()?,
            placeholder: placeholder()?,
        });
        Ok(TokenCache::new_from(engine))
    }
}

/// After a holder died the others wait for so long: a longer lease is a mistake.
const LONGEST_LEASE: Duration = Duration::from_secs(86_400);

/// Stands where no token is yet: expired, so it is never handed out.
fn placeholder() -> Result<Token, BuildError> {
    let built = Token::builder(Secret::from("none"), Validity::expired()).build();
    built.map_err(|_| BuildError::invalid("first", "could not be made up"))
}

impl fmt::Debug for TokenCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCacheBuilder({})", self.endpoint.key())
    }
}
