//! A test vendor, a test store and a clock, and the processes that share them.

use std::time::Duration;

use token_cache::test_util::RuntimeClock;
use token_cache::{Event, Events, TokenCache, TokenCacheBuilder};
use token_core::store::{Entry, Intent, Owner};
use token_core::{Clock, Error, Generation, Rotation, Timestamp, Token, TokenEndpoint, TokenStore};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{Acme, AcmeServer, FaultyStore, Reuse};

pub(crate) struct Setup {
    pub(crate) acme: Acme,
    pub(crate) server: AcmeServer,
    pub(crate) store: FaultyStore,
    pub(crate) clock: RuntimeClock,
}

impl Setup {
    pub(crate) fn new(acme: Acme) -> Self {
        let clock = RuntimeClock::at(Timestamp::from_unix_seconds(1_700_000_000));
        let spent = match acme.rotates() {
            Rotation::Grace(grace) => Reuse::AllowedFor(grace),
            Rotation::SingleUse => Reuse::RevokesGrant,
            _ => Reuse::Allowed,
        };
        Self {
            // The server's clock is never stepped.
            server: AcmeServer::new(RuntimeClock::at(clock.now().wall), spent),
            store: FaultyStore::new(),
            acme,
            clock,
        }
    }

    /// Returns a builder for a cache of its own process, with this connection to the store. It runs
    /// in the paused time of the test; if built outside of a runtime, on the library's own.
    pub(crate) fn builder(&self, store: &FaultyStore) -> TokenCacheBuilder {
        let builder = TokenCache::builder(self.acme.clone())
            .http_client(self.server.clone())
            .store(store.clone())
            .clock(self.clock.clone());
        match Handle::try_current() {
            Ok(handle) => builder.runtime(handle),
            Err(_) => builder,
        }
    }

    /// Returns a cache that knows no token.
    pub(crate) fn empty_cache(&self) -> TokenCache {
        self.builder(&self.store).build().unwrap()
    }

    /// Returns a cache that knows the grant's refresh token.
    pub(crate) fn cache(&self) -> TokenCache {
        self.cache_with(|builder| builder)
    }

    /// The same, with these settings.
    pub(crate) fn cache_with(
        &self,
        set: impl FnOnce(TokenCacheBuilder) -> TokenCacheBuilder,
    ) -> TokenCache {
        let builder = self.builder(&self.store);
        let builder = builder.initial_token(self.server.grant());
        set(builder).build().unwrap()
    }

    /// The same, with a fresh token.
    pub(crate) async fn fresh_cache(&self) -> TokenCache {
        let cache = self.cache();
        cache.token().await.unwrap();
        cache
    }

    /// The same, with a token that is due: 50 minutes of its hour are over.
    pub(crate) async fn due_cache(&self) -> TokenCache {
        let cache = self.fresh_cache().await;
        advance(Duration::from_secs(50 * 60)).await;
        cache
    }

    /// Returns a cache in another process with the same grant, and that process's connection to the
    /// store.
    pub(crate) fn other_process(&self) -> (TokenCache, FaultyStore) {
        let store = self.store.for_other_process();
        let cache = self
            .builder(&store)
            .initial_token(self.server.grant())
            .build()
            .unwrap();
        (cache, store)
    }

    /// Returns two caches in two processes that have the first token, and the second one's
    /// connection to the store.
    pub(crate) async fn two_processes(&self) -> (TokenCache, TokenCache, FaultyStore) {
        let (ours, (theirs, store)) = (self.cache(), self.other_process());
        ours.token().await.unwrap();
        theirs.token().await.unwrap();
        (ours, theirs, store)
    }

    /// Returns a cache in another process that knows no token.
    pub(crate) fn newcomer(&self) -> TokenCache {
        let store = self.store.for_other_process();
        self.builder(&store).build().unwrap()
    }

    /// The same, with this initial token.
    pub(crate) fn newcomer_with(&self, initial: Token) -> TokenCache {
        let builder = self.builder(&self.store.for_other_process());
        builder.initial_token(initial).build().unwrap()
    }

    /// Returns what is stored.
    pub(crate) async fn stored(&self) -> Entry {
        self.store.memory().load(&self.acme.key()).await.unwrap()
    }

    /// Returns the generation of the stored token.
    pub(crate) async fn stored_generation(&self) -> Generation {
        self.stored().await.record.unwrap().generation
    }

    /// Leaves the intent of another process that was about to spend the stored token, and died.
    pub(crate) async fn leave_foreign_intent(&self) {
        let (key, memory) = (self.acme.key(), self.store.memory());
        let owner = Owner::named("a process that died");
        let record = self.stored().await.record;
        let fingerprint = record.as_ref().map(|record| record.fingerprint);
        let generation = record.map(|record| record.generation).unwrap_or_default();
        memory
            .acquire(&key, &owner, Duration::from_secs(1))
            .await
            .unwrap();
        memory
            .write_intent(
                &key,
                &Intent {
                    owner: owner.clone(),
                    fingerprint,
                    generation,
                },
            )
            .await
            .unwrap();
        memory.release(&key, &owner).await.unwrap();
    }
}

/// Lets paused time pass; what is due meanwhile happens in order.
pub(crate) async fn advance(span: Duration) {
    // tidy: sleeps because it lets paused time pass
    tokio::time::sleep(span).await;
}

/// Asks for a token, and lets the refresh that this starts end.
pub(crate) async fn ask(cache: &TokenCache) -> Generation {
    let generation = token_generation(cache).await;
    advance(Duration::from_secs(1)).await;
    generation
}

/// Returns the generation of the token that a caller gets.
pub(crate) async fn token_generation(cache: &TokenCache) -> Generation {
    cache.token().await.unwrap().generation()
}

/// A task that asks for a token.
pub(crate) fn spawn_token(cache: &TokenCache) -> JoinHandle<Result<Generation, Error>> {
    let cache = cache.clone();
    tokio::spawn(async move { cache.token().await.map(|token| token.generation()) })
}

/// A task that waits at most this long for a token.
pub(crate) fn spawn_token_within(
    cache: &TokenCache,
    within: Duration,
) -> JoinHandle<Result<Generation, Error>> {
    let cache = cache.clone();
    tokio::spawn(async move {
        let token = cache.token_within(within).await?;
        Ok(token.generation())
    })
}

/// A task that logs out.
pub(crate) fn spawn_logout(cache: &TokenCache) -> JoinHandle<Result<(), Error>> {
    let cache = cache.clone();
    tokio::spawn(async move { cache.logout().await.map(drop) })
}

/// Returns the events that have been sent so far.
pub(crate) async fn received(events: &mut Events) -> Vec<Event> {
    let mut received = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(1), events.next()).await
    {
        received.push(event);
    }
    received
}

/// Asserts that these events, and no others, have been sent so far.
macro_rules! assert_events {
    ($events:expr, $expected:pat $(if $guard:expr)?) => {
        let received = $crate::acme::received(&mut $events).await;
        assert!(
            matches!(&received[..], $expected $(if $guard)?),
            "{received:?}"
        );
    };
}
pub(crate) use assert_events;
