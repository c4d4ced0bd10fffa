//! The settings that the builders of a cache and of a pool have in common.

use std::sync::Arc;
use std::time::Duration;

use token_core::store::Owner;
use token_core::{ApiOrigin, BuildError, HttpClient};
use tokio::runtime::Handle;

use crate::clock::CacheClock;
use crate::current::entropy::Entropy;
use crate::current::timing::Timing;
use crate::engines::Engines;
use crate::flight::runtime::{Tasks, has_timers};
use crate::memory::MemoryStore;
use crate::refresh::Settings;
use crate::refresh::bound_store::NamedStore;

/// Upper bound for `lease_ttl`.
const LONGEST_LEASE: Duration = Duration::from_secs(86_400);

/// What was set.
pub(crate) struct Options {
    pub(crate) http: Option<Arc<dyn HttpClient>>,
    pub(crate) api_origins: Vec<Result<ApiOrigin, BuildError>>,
    pub(crate) store: NamedStore,
    pub(crate) fallback: Option<NamedStore>,
    pub(crate) clock: CacheClock,
    pub(crate) timing: Arc<Timing>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) wait_timeout: Duration,
    pub(crate) runtime: Option<Handle>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: None,
            api_origins: Vec::new(),
            store: NamedStore::of(MemoryStore::for_one_cache()),
            fallback: None,
            clock: CacheClock::System,
            timing: Timing::of_most(),
            settings: Settings::of_most(),
            wait_timeout: Duration::from_secs(30),
            runtime: None,
        }
    }
}

impl Options {
    /// Checks what was set, and returns what makes engines by it. The header of each token is
    /// copied for this many threads.
    pub(crate) fn into_engines(self, header_copies: usize) -> Result<Engines, BuildError> {
        let http = self
            .http
            .ok_or_else(|| BuildError::missing("http_client"))?;
        let tasks = tasks(self.runtime)?;
        if self.settings.lease_ttl > LONGEST_LEASE {
            return Err(BuildError::invalid("lease_ttl", "must be at most a day"));
        }
        let entropy = Arc::new(Entropy::from_system()?);
        Ok(Engines {
            http,
            api_origins: self.api_origins.into_iter().collect::<Result<_, _>>()?,
            store: self.store,
            fallback: self.fallback,
            clock: self.clock,
            timing: self.timing,
            settings: self.settings,
            wait_timeout: self.wait_timeout,
            tasks,
            owner: Owner::new(entropy.bytes()),
            entropy,
            header_copies,
        })
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

/// The setters of [`Options`], for a builder with the field `options`.
macro_rules! setters {
    () => {
        /// Sets the HTTP client. Required.
        pub fn http_client(mut self, client: impl HttpClient) -> Self {
            self.options.http = Some(Arc::new(client));
            self
        }

        /// Names an API that the token may be sent to, by a URL such as `https://api.example.com`,
        /// of which the scheme, the host and the port count. Adapters send the token there and to
        /// the endpoint's own origins, and nowhere else. Can be called several times.
        pub fn api_url(mut self, url: &str) -> Self {
            let base = BaseUrl::parse(url, PlainHttp::Refused);
            let invalid = |_| {
                BuildError::invalid(
                    "api_url",
                    "is not an https:// URL; one with http:// is for `api_origin`",
                )
            };
            self.options
                .api_origins
                .push(base.map(|base| base.origin()).map_err(invalid));
            self
        }

        /// Names an API that the token may be sent to. As [`api_url`](Self::api_url), also for
        /// plain http: `BaseUrl::parse(…, PlainHttp::Allowed)?.origin()`.
        pub fn api_origin(mut self, origin: ApiOrigin) -> Self {
            self.options.api_origins.push(Ok(origin));
            self
        }

        /// Sets the store that keeps the token between processes. Default: a
        /// [`MemoryStore`](crate::MemoryStore).
        pub fn store(mut self, store: impl TokenStore) -> Self {
            self.options.store = NamedStore::of(store);
            self
        }

        /// Sets a store on this machine, such as a `FileStore`, for tokens that the shared store
        /// has not acknowledged. They are durable there at once, so a process that dies meanwhile
        /// loses nothing: the next process on this machine writes them to the shared store.
        /// Default: none.
        pub fn fallback_store(mut self, store: impl TokenStore) -> Self {
            self.options.fallback = Some(NamedStore::of(store));
            self
        }

        /// Sets the clock. Default: [`SystemClock`](crate::SystemClock).
        pub fn clock(mut self, clock: impl Clock) -> Self {
            self.options.clock = CacheClock::Given(Arc::new(clock));
            self
        }

        /// Sets the runtime of exchanges, store operations and `keep_fresh`.
        /// Default: the library's own, which all caches and pools of the process share. It is
        /// started with the first exchange and never shut down, so an exchange does not end with
        /// the runtime of the caller that started it.
        ///
        /// On a given runtime, a task that waits for a token makes the exchange itself, which saves
        /// two switches between tasks. If that task is dropped, or the exchange takes longer than
        /// some milliseconds, the exchange goes on as a task of its own.
        ///
        /// A test with paused time passes `tokio::runtime::Handle::current()`. A current-thread
        /// runtime makes progress only while it is driven. Once the given runtime has shut down,
        /// new work goes to the library's own; an exchange that was in flight ends with it, and its
        /// callers get [`ErrorKind::InDoubt`](token_core::ErrorKind::InDoubt) unless the refresh
        /// request can be repeated safely.
        pub fn runtime(mut self, handle: Handle) -> Self {
            self.options.runtime = Some(handle);
            self
        }

        /// Sets how long before its expiry a token is refreshed.
        pub fn refresh_policy(mut self, policy: RefreshPolicy) -> Self {
            Arc::make_mut(&mut self.options.timing).policy = policy;
            self
        }

        /// Sets how long to pause after failures.
        pub fn backoff(mut self, backoff: Backoff) -> Self {
            Arc::make_mut(&mut self.options.timing).backoff = backoff;
            self
        }

        /// Sets how long a caller of `token` waits. Default: 30 seconds. The
        /// exchange goes on without it.
        pub fn wait_timeout(mut self, wait: Duration) -> Self {
            self.options.wait_timeout = wait;
            self
        }

        /// Sets how long an exchange may take. Default: 20 seconds. With a single-use refresh token
        /// it is 120 seconds, or this if it is longer, because an exchange that is cut off may lose
        /// the grant.
        pub fn exchange_deadline(mut self, deadline: Duration) -> Self {
            let settings = Arc::make_mut(&mut self.options.settings);
            settings.exchange = deadline;
            settings.single_use_exchange = deadline.max(settings.single_use_exchange);
            self
        }

        /// Sets how long a lease in a shared store lives unless it is renewed. Default: 30 seconds;
        /// at least 50 milliseconds, at most a day. It is renewed at each third of its life. If the
        /// owner dies, the others wait this long; a slow owner loses a short lease more easily.
        pub fn lease_ttl(mut self, life: Duration) -> Self {
            Arc::make_mut(&mut self.options.settings).lease_ttl =
                life.max(Duration::from_millis(50));
            self
        }

        /// Sets how long a refresh waits for another owner's lease, while it watches for that
        /// owner's commit. Default: 60 seconds.
        pub fn lease_timeout(mut self, wait: Duration) -> Self {
            Arc::make_mut(&mut self.options.settings).lease_timeout = wait;
            self
        }
    };
}
pub(crate) use setters;
